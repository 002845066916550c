"""What pyproject.toml cannot say: the C extension, and the files that are generated into the package.

`pip install` builds `trapgate._core` with the C compiler, each `core/bpf/*.bpf.c` with the clang inside
PyPI's ziglang, the catalogue's database from its text files, and the plans from the calls' descriptions. An
editable install puts them under src/.
"""

import os
import subprocess
import sys
from glob import glob

from setuptools import Command, Extension, setup
from setuptools.command.build import build

PACKAGE = "src/trapgate"
BPF_FLAGS = (
    "-target",
    "bpfel-freestanding",
    "-O2",
    "-g",  # BTF: libbpf needs it to find maps and to relocate fields
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-Wall",
    "-Werror",
    f"-ffile-prefix-map={os.getcwd()}=.",  # the same bytes wherever it is built
    f"-I{PACKAGE}/core",
)


class build_generated(Command):
    """Compiles the BPF programs, the catalogue's database and the plans of calls into the package."""

    description = "compile the BPF programs, the catalogue and the plans"
    user_options: list[tuple[str, str, str]] = []

    def initialize_options(self) -> None:
        self.build_lib: str | None = None
        self.editable_mode = False

    def finalize_options(self) -> None:
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        for source, output in self._outputs().items():
            os.makedirs(os.path.dirname(output), exist_ok=True)
            print(f"generating {output}", flush=True)
            if source.endswith(".bpf.c"):
                command = ["-m", "ziglang", "cc", *BPF_FLAGS, "-c", source, "-o", output]
            else:
                command = ["-m", source.removeprefix("src/").removesuffix(".py").replace("/", "."), output]
            # in front of what is there: older versions of pip tell the build's requirements by it
            own = "src" if self.editable_mode else self.build_lib
            paths = os.pathsep.join([own, *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
            done = subprocess.run([sys.executable, *command], check=False, env={**os.environ, "PYTHONPATH": paths})
            if done.returncode != 0:
                raise SystemExit(f"cannot make {output} from {source}: see above")

    def get_source_files(self) -> list[str]:
        return list(self._outputs())

    def get_outputs(self) -> list[str]:
        return list(self._outputs().values())

    def get_output_mapping(self) -> dict[str, str]:
        return {}

    def _outputs(self) -> dict[str, str]:
        """The file to make from each source."""
        root = PACKAGE if self.editable_mode else f"{self.build_lib}/trapgate"
        programs = sorted(glob(f"{PACKAGE}/core/bpf/*.bpf.c"))
        outputs = {path: root + path.removeprefix(PACKAGE).removesuffix("c") + "o" for path in programs}
        outputs[f"{PACKAGE}/catalog/build.py"] = f"{root}/catalog/catalog.sqlite"
        outputs[f"{PACKAGE}/calls/plan_file.py"] = f"{root}/calls/plans.bin"  # after the catalogue, which it asks
        return outputs


build.sub_commands.append(("build_generated", None))

sources = sorted(glob(f"{PACKAGE}/core/*.c"))
core = Extension(
    "trapgate._core",
    sources=sources,
    depends=sorted(glob(f"{PACKAGE}/core/*.h")),
    extra_compile_args=["-std=gnu11", "-O2", "-Wall", "-Wextra", "-fvisibility=hidden"],
)
setup(ext_modules=[core] if sources else [], cmdclass={"build_generated": build_generated})
