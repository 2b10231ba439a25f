#!/usr/bin/env bash
# Builds the documentation's site into site/, strictly and offline: any warning fails. Needs python3 of 3.11 or newer.
#   .ci/docs.sh [folder]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
target=$(realpath -m "${1:-site}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# An environment of its own: what the pages say must come from the sources, not from what happens to be installed.
python3 -m venv "$work/venv"
wanted=$(python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["docs"])')
# shellcheck disable=SC2086 # one word per package
"$work/venv/bin/pip" install -q --disable-pip-version-check $wanted

"$work/venv/bin/python" .ci/llms_txt.py --check

# Built beside the checkout, where the builder's cache disturbs nobody.
mkdir "$work/build"
cp -r mkdocs.yml docs "$work/build/"
ln -s "$root/tikhub_async" "$work/build/tikhub_async"
cd "$work/build"
code=0
# Without a network, where the system lets us take it away: the site must not need one.
alone=()
if unshare -rn true 2>/dev/null; then alone=(unshare -rn); fi
"${alone[@]}" "$work/venv/bin/zensical" build --strict --clean >"$work/log" 2>&1 || code=$?
cat "$work/log"
# --strict stops at broken links; what griffe has to say of docstrings it only prints.
if [ $code -ne 0 ] || grep -qvE '^(Build started|Build finished.*|No issues found|)$' "$work/log"; then
    echo "the site does not build without a warning" >&2
    exit 1
fi

"$work/venv/bin/python" "$root/.ci/check_site.py" site "$root"

# llms.txt leads to the pages' Markdown.
find docs -maxdepth 1 -name '*.md' -exec cp {} site/ \;
rm -rf "$target"
mv site "$target"
echo "$(find "$target" -name '*.html' | wc -l) pages in $target"
