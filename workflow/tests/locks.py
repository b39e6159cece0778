"""File systems on which no file can be locked."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# as the calls end where NFS has no lock daemon (ENOLCK), Lustre is mounted without locks (ENOSYS), or
# a lock is never given (EAGAIN)
ERRORS = ("ENOLCK", "ENOSYS", "EAGAIN")
REFUSAL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int elsewhere(int file) {
    const char *place = getenv("LOCKS_BELOW");
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    return place && length >= (ssize_t)strlen(place) && !strncmp(path, place, strlen(place));
}

int flock(int file, int operation) {
    if (!elsewhere(file)) {
        errno = ERROR;
        return -1;
    }
    int (*system)(int, int) = dlsym(RTLD_NEXT, "flock");
    return system(file, operation);
}

static int control(const char *name, int file, int command, void *argument) {
    int locks = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK;
    if (locks && !elsewhere(file)) {
        errno = ERROR;
        return -1;
    }
    int (*system)(int, int, ...) = dlsym(RTLD_NEXT, name);
    return system(file, command, argument);
}

#define CONTROL(name)                                    \\
    int name(int file, int command, ...) {               \\
        va_list rest;                                    \\
        va_start(rest, command);                         \\
        void *argument = va_arg(rest, void *);           \\
        va_end(rest);                                    \\
        return control(#name, file, command, argument);  \\
    }
CONTROL(fcntl)
CONTROL(fcntl64)
"""


def without_locks(folder: Path, error: str = "ENOLCK", elsewhere: str = "") -> dict[str, str]:
    """Environment of programs that can lock no file, but for those below another folder.

    Skip the test where it can't be made.
    """
    compiler = shutil.which("gcc")
    if not compiler:
        pytest.skip("gcc is missing")
    library = folder / f"{error}.so"
    options = ["-shared", "-fPIC", f"-DERROR={error}", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run([compiler, *options], input=REFUSAL.encode(), check=True)
    place = {"LOCKS_BELOW": elsewhere} if elsewhere else {}
    return {**os.environ, "LD_PRELOAD": str(library), **place}
