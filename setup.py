"""Builds the native core. Everything else about the package is in pyproject.toml.

AISBENCH_DEBUG=1  compiles with bounds checks, line tracing, assertions and no optimisation.
AISBENCH_WERROR=1 turns the C compiler's warnings into errors (continuous integration does).
AISBENCH_SANITIZE=1 compiles for gcc's sanitizers and for counting the edges that inputs reach (scripts/sanitize).
"""

import os
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

DEBUG = os.environ.get("AISBENCH_DEBUG") == "1"
WERROR = os.environ.get("AISBENCH_WERROR") == "1"
SANITIZE = os.environ.get("AISBENCH_SANITIZE") == "1"

# Without debug symbols, which made up two thirds of the extensions' size. Function names stay, for perf.
compile_args = ["-O0", "-g"] if DEBUG else ["-O3", "-g0"]
sanitizers = ["-fsanitize=address,undefined"] if SANITIZE else []
if SANITIZE:
    # The code that is sanitized is that of a release: the same Cython directives, with little optimisation.
    compile_args = ["-O1", "-g", "-fno-omit-frame-pointer", *sanitizers, "-fsanitize-coverage=trace-pc"]
compile_args += ["-Wall", "-Wno-unreachable-code"]
if WERROR:
    compile_args.append("-Werror")

directives = {
    "language_level": 3,
    "boundscheck": DEBUG,
    "wraparound": False,
    "initializedcheck": DEBUG,
    "nonecheck": DEBUG,
    "cdivision": True,
    "linetrace": DEBUG,
    "binding": True,
    "embedsignature": True,
}

# Sources in C, next to the .pyx that makes them available to Python.
IN_C = {Path("aisbench/simulator/referee_server.pyx"): ["aisbench/simulator/referee.c"]}

extensions = [
    Extension(
        ".".join(source.with_suffix("").parts),
        [str(source), *IN_C.get(source, [])],
        depends=[str(header) for header in source.parent.glob("*.h")],
        extra_compile_args=compile_args,
        extra_link_args=sanitizers,
        libraries=["m"],
        define_macros=[("CYTHON_TRACE", "1")] if DEBUG else [],
    )
    for source in sorted(Path("aisbench").rglob("*.pyx"))
]

CORES = len(os.sched_getaffinity(0))


class BuildExtensions(build_ext):
    """Makes the C sources only when extensions are built: an sdist contains none."""

    def build_extensions(self):
        made = cythonize(self.extensions, compiler_directives=directives, nthreads=CORES)
        sources = {extension.name: extension.sources for extension in made}
        for extension in self.extensions:
            extension.sources = sources[extension.name]
        super().build_extensions()


setup(
    ext_modules=extensions,
    cmdclass={"build_ext": BuildExtensions},
    # Building one extension after the other took most of the time of the first start.
    options={"build_ext": {"parallel": CORES}},
)
