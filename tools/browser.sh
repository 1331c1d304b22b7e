#!/usr/bin/env bash
# Make sure that there is a browser for the tests of the lab's page: install it where that is plain, else say how.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
    if command -v "$name" > /dev/null; then exit 0; fi
done
if [ "$(id -u)" = 0 ] && grep -qs '^ID=debian' /etc/os-release; then
    apt-get install --yes --quiet --no-install-recommends chromium || {
        apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends chromium; }
    exit 0
fi
echo "There is no chromium or Google Chrome on the PATH, and without one the tests of the lab's page are skipped." >&2
echo "Debian: sudo apt-get install chromium; Fedora: sudo dnf install chromium; macOS: brew install --cask chromium." >&2
