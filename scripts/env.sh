#!/bin/sh
# Make or reuse the project's own virtual environment in .venv.
#
#   scripts/env.sh [EXTRA…]      EXTRA: test, ui, notebooks, exports, forecast, postgres, spark
#
# Installs the project editable with the pinned versions of constraints/constraints.txt, plus
# the extras asked for now or earlier. `test` brings `spark` along where Java 17 or later runs.
# A stamp in .venv records what is installed for which pyproject.toml, pins and folder, so a
# call with nothing to do returns at once.
#
#   PYTHON=/path/to/python       the interpreter to make .venv with; found by itself otherwise
set -eu
cd "$(dirname "$0")/.."

venv=.venv
py=$venv/bin/python
stamp=$venv/duibiao.stamp
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'

say() { printf 'duibiao: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

java_major() {
    # macOS has a `java` that only offers to install one: run it, don't look for it.
    java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1
}

find_python() {
    # Version managers put names on PATH that don't run: try each.
    for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3 python; do
        if "$candidate" -c "import venv, ensurepip; $supported" >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return
        fi
        [ "$candidate" != "${PYTHON:-}" ] ||
            fail "PYTHON=$PYTHON does not run, is not Python 3.11-3.14, or lacks the venv module"
    done
    fail "no Python 3.11-3.14 with the venv module found. Install one (Debian, Ubuntu:" \
        "apt-get install python3 python3-venv; others: python.org) or name it: make run PYTHON=…"
}

# Extras, each between spaces, so that membership is a substring.
wanted=" $* "
case $wanted in
*" test "*)
    major=$(java_major)
    [ "${major:-0}" -lt 17 ] || wanted="${wanted}spark "
    ;;
esac

# The folder is part of the key: scripts in .venv name it.
key=$({ pwd -P && cat pyproject.toml constraints/constraints.txt; } | cksum)
old_key='' old_extras=' '
[ ! -f "$stamp" ] || { read -r old_key && IFS= read -r old_extras; } <"$stamp" || old_key=''

missing=''
for extra in $wanted; do
    case $old_extras in *" $extra "*) ;; *) missing="$missing$extra " ;; esac
done
if [ "$key" = "$old_key" ] && [ -z "$missing" ] && [ -x "$py" ]; then
    exit 0
fi

usable=$supported
if command -v uv >/dev/null 2>&1; then
    uv=yes
else
    uv=no
    usable="import pip; $usable"
fi

if ! "$py" -c "$usable" >/dev/null 2>&1; then
    if [ "$uv" = yes ] && [ -z "${PYTHON:-}" ]; then
        say "making $venv with uv"
        uv venv --quiet --clear --seed --python '>=3.11,<3.15' "$venv"
    else
        python=$(find_python)
        say "making $venv with $("$python" --version)"
        "$python" -m venv --clear "$venv"
    fi
    old_extras=' '
fi

extras=$old_extras
for extra in $wanted; do
    case $extras in *" $extra "*) ;; *) extras="$extras$extra " ;; esac
done
list=$(printf '%s' "$extras" | sed 's/^ *//; s/ *$//; s/  */,/g')
target=.${list:+[$list]}
say "installing the project${list:+ with $list} into $venv; the first time takes a minute or two"
rm -f "$stamp"
if [ "$uv" = yes ]; then
    uv pip install --python "$py" --constraint constraints/constraints.txt --editable "$target"
else
    # Python compiles what is imported; compiling all of it would take longer than the rest.
    "$py" -m pip install --disable-pip-version-check --no-compile \
        --constraint constraints/constraints.txt --editable "$target"
fi
printf '%s\n%s\n' "$key" "$extras" >"$stamp"
say "$venv is ready"
