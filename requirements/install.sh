# Read by ./run and ./test, which set $root: makes $venv and keeps it at what the locks here say.
# Speaks on standard error only: what a command prints is often read by another program.

venv=$root/.venv

say() {
    printf '%s\n' "$*" >&2
}

refuse() {
    say "$*"
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# The system's own first: Debian compiles it with profile-guided optimisation, which pyenv leaves out unless it is told.
# Then the newest: a bare "python3" may be an old one beside a newer one.
find_python() {
    python=/usr/bin/python3
    if is_new_enough "$python" && "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        return
    fi
    for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
        python=$(command -v "$name") || continue
        if is_new_enough "$python"; then
            return
        fi
    done
    refuse "Python 3.11 or newer is needed and none was found: install it (Debian, Ubuntu: apt-get install python3 python3-venv)."
}

make_venv() {
    # Also when it is there and works for its owner only: it is not ours to remove.
    if [ -e "$venv" ]; then
        [ -w "$venv" ] || refuse "$venv belongs to another user and does not work for you: let its owner do ./run install, or use a copy of the project of your own."
    elif [ ! -w "$root" ]; then
        refuse "$root can't be written to, and the virtual environment has to go there: let its owner do ./run install, or use a copy of the project of your own."
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        refuse "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv, or python$version-venv)."
    fi
    say "Making .venv with $("$python" --version) ..."
    rm -rf "$venv"
    "$python" -m venv "$venv" >&2 || refuse "The virtual environment $venv could not be made."
}

# What was installed, as one line per lock; a killed installation leaves no mark and is done again.
is_installed() {
    [ -x "$venv/bin/python" ] && [ -f "$venv/installed-$1" ] &&
        [ "$(cksum <"$root/requirements/$1.txt")" = "$(cat "$venv/installed-$1")" ]
}

install_lock() {
    lock=$root/requirements/$1.txt
    [ -w "$venv" ] || refuse "$venv is of another version and can't be written to: let its owner do ./run install."
    say "Installing requirements/$1.txt ..."
    rm -f "$venv/installed-$1"
    uv=$(command -v uv || true)
    if [ -z "$uv" ]; then
        # Quick when it comes; without it pip does the same, slower.
        [ -x "$venv/bin/uv" ] || timeout 60 "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            --require-hashes --requirement "$root/requirements/uv.txt" >&2 || true
        [ ! -x "$venv/bin/uv" ] || uv=$venv/bin/uv
    fi
    if [ -n "$uv" ]; then
        # Compiled once here, as pip does it: not by each process of whoever may not write here.
        "$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" --require-hashes --requirement "$lock" >&2 && installed=yes || installed=
        [ -n "$installed" ] || say "uv could not install it: trying pip."
    else
        installed=
    fi
    [ -n "$installed" ] ||
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock" >&2 ||
        refuse "requirements/$1.txt could not be installed: see above; is there a way to a package index?"
    cksum <"$lock" >"$venv/installed-$1.new"
    mv "$venv/installed-$1.new" "$venv/installed-$1"
}

all_installed() {
    for name in "$@"; do
        is_installed "$name" || return 1
    done
}

# One at a time. The lock belongs to the open file, so it outlives the Python that asks for it, is shared with
# an installation that is still running when this shell is killed, and ends by itself.
take_lock() {
    find_python
    exec 9<"$root/requirements/install.sh"
    "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)' 2>/dev/null || {
        say "Waiting for another ./run or ./test that installs ..."
        "$python" -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
    }
}

works() {
    is_new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

install_requirements() {
    if all_installed "$@"; then
        return
    fi
    take_lock
    # Whoever serves need not be who installs.
    usual=$(umask)
    umask 022
    if ! all_installed "$@"; then
        works || make_venv
        for name in "$@"; do
            is_installed "$name" || install_lock "$name"
        done
    fi
    umask "$usual"
    exec 9<&-
}
