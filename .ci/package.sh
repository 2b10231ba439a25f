#!/usr/bin/env bash
# Builds sdist and wheel, tries the wheel outside the checkout on every supported Python that is found, and writes its bill
# of materials (CycloneDX): what is installed with it, each with version, licence and package URL.
#   .ci/package.sh [folder for sdist, wheel and bill of materials]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
target=$(realpath -m "${1:-$work/dist}")

# Commands on the path, and what pyenv and uv have put aside; one of each minor version.
candidates() {
    local minor folder
    command -v python3 || true
    for minor in $(seq 11 30); do command -v "python3.$minor" || true; done
    for folder in "${PYENV_ROOT:-$HOME/.pyenv}/versions" "${UV_PYTHON_INSTALL_DIR:-$HOME/.local/share/uv/python}"; do
        [ ! -d "$folder" ] || find "$folder" -mindepth 3 -maxdepth 3 -path '*/bin/python3' | sort
    done
}
declare -A pythons=()
while read -r python; do
    found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 11) else "")' 2>/dev/null) || continue
    if [ -n "$found" ] && [ -z "${pythons[$found]:-}" ] && "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        pythons[$found]=$python
    fi
done < <(candidates)
versions=$(printf '%s\n' "${!pythons[@]}" | sort -V)
echo "Pythons: $(echo "$versions" | tr '\n' ' ')"
[ -n "$versions" ]

# The wheel is made from the sdist, so that the sdist is known to be whole.
first=$(echo "$versions" | head -n 1)
"${pythons[$first]}" -m venv "$work/build"
"$work/build/bin/pip" install -q --disable-pip-version-check build
"$work/build/bin/python" -m build -q --outdir "$target" "$root"
ls -l "$target"
wheel=$(ls "$target"/*.whl)
[ "$(echo "$wheel" | wc -l)" -eq 1 ]

for version in $versions; do
    venv=$work/venv-$version
    "${pythons[$version]}" -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "$wheel[cli]"
    mkdir "$work/run-$version"
    cp .ci/smoke.py "$work/smoke.py"
    (cd "$work/run-$version" && env -u PYTHONPATH "$venv/bin/python" -W error "$work/smoke.py")
    rm -rf "$venv"
done

# Of an environment that holds the wheel and what it needs, and nothing else: not even pip.
bom=$work/bom
"${pythons[$first]}" -m venv --without-pip "$bom"
"$work/build/bin/pip" --python "$bom/bin/python" install -q --disable-pip-version-check "$wheel"
rm "$bom"/lib/python*/site-packages/tikhub_async-*.dist-info/direct_url.json # names a folder of this machine
"$work/build/bin/pip" install -q --disable-pip-version-check cyclonedx-bom
materials="${wheel%-py3-none-any.whl}.cdx.json"
"$work/build/bin/cyclonedx-py" environment --output-reproducible --output-format JSON --output-file "$materials" "$bom/bin/python"
"$bom/bin/python" .ci/check_materials.py "$materials"
