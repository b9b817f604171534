#!/bin/sh
# Installs what some tests need from Debian (a browser), where it is missing and this user may; else says what is skipped.
set -eu
command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium for the browser tests ..."
    export DEBIAN_FRONTEND=noninteractive
    if apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium chromium-driver >/dev/null 2>&1; then
        exit 0
    fi
fi
echo "No browser: the tests of the pages in a browser will be skipped (apt install chromium chromium-driver brings them)."
