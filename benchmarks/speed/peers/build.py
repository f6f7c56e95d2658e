"""Build llama-server and llama-batched-bench over the libraries of the installed llama-cpp-python.

    python benchmarks/speed/peers/build.py [--source DIR] [--target llama-batched-bench]

The source comes from llama-cpp-python's own source distribution, of the installed version (pip fetches it), unless
--source names its vendor/llama.cpp. Needs cmake and a C++ compiler; takes some minutes. The programs are then in
build/peers/bin, where benchmarks.speed finds them.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

BUILD = Path("build")
TARGETS = ("llama-batched-bench", "llama-server")


def source() -> Path:
    """vendor/llama.cpp of the source distribution, fetched and unpacked once."""
    name = f"llama_cpp_python-{version('llama-cpp-python')}"
    folder = BUILD / name / "vendor" / "llama.cpp"
    if not folder.exists():
        wanted = f"llama-cpp-python=={version('llama-cpp-python')}"
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", "llama-cpp-python"]
        subprocess.run([*pip, "-d", str(BUILD), wanted], check=True)
        with tarfile.open(BUILD / f"{name}.tar.gz") as archive:
            archive.extractall(BUILD, filter="data")
    return folder


def libraries() -> Path:
    """Where the installed package has libllama."""
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("llama-cpp-python is not installed")
    return Path(spec.submodule_search_locations[0]) / "lib"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="vendor/llama.cpp; default: from the source distribution")
    parser.add_argument("--target", action="append", choices=TARGETS, help="default: both")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    folder = BUILD / "peers"
    folder.mkdir(parents=True, exist_ok=True)
    found = (options.source or source()).resolve()
    configure = ["cmake", "-S", str(Path(__file__).resolve().parent), "-B", str(folder), f"-DLLAMA_SOURCE={found}"]
    # what is timed is in the libraries, which are optimised as pip built them
    configure += [
        f"-DLLAMA_LIBRARIES={libraries()}",
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG",
    ]
    subprocess.run(configure, check=True)
    targets = options.target or TARGETS
    subprocess.run(["cmake", "--build", str(folder), "--target", *targets, "-j", str(options.jobs)], check=True)
    sys.stdout.write("".join(f"{folder / 'bin' / target}\n" for target in targets))


if __name__ == "__main__":
    main()
