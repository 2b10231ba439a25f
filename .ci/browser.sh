# Sourced by .ci/run: the browser that the page test drives. Elsewhere that test says that it skips.

ensure_browser() {
    if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || [ -n "${TIKHUB_CHROMIUM:-}" ]; then
        return 0
    fi
    local sudo=""
    if [ "$(id -u)" -ne 0 ]; then
        sudo="sudo -n"
    fi
    # Playwright's own download is not used: the distribution's browser gets its security updates.
    if command -v apt-get >/dev/null && $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends chromium; then
        return 0
    fi
    echo "no Chromium could be installed: the page test will skip" >&2
}
