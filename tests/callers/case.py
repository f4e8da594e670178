"""A case: how a tool calls kubeadm, and what kubeadm answered."""
import dataclasses
import pathlib
import re


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way in which a case was recorded."""

    # plain (as the tool calls it), live (against a served cluster) or init (a whole init)
    kind: str
    # the beginning of the names of the recorded files: real.asis, real.ign, live.real.asis, ...
    key: str

    @property
    def ignores_checks(self):
        return self.key.endswith("ign") or self.kind == "init"


class Case:
    """A folder with `cmd`, `source`, configurations and recorded answers."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.name = self.folder.name
        self.command = self.read("cmd").strip()
        found = re.search(r"^mode:(.*)$", self.read("source"), re.M)
        self.mode = found[1].strip() if found else "plain"

    def read(self, name):
        try:
            return (self.folder / name).read_text(errors="replace")
        except OSError:
            return ""

    def succeeded(self, variant):
        return self.read(f"{variant.key}.rc").strip() == "0"

    def output(self, variant):
        return self.read(f"{variant.key}.stdout")

    def variants(self):
        """The recorded variants; none if the tool's call was never answered."""
        recorded = {path.name.removesuffix(".rc") for path in self.folder.glob("*.rc")}
        live = [key for key in ("live.real.asis", "live.real.ign") if key in recorded]
        plain = [key for key in ("real.asis", "real.ign") if key in recorded]
        variants = [Variant("live", key) for key in live]
        variants = variants or [Variant("plain", key) for key in plain]
        if "init.real.asis" in recorded:
            variants.append(Variant("init", "init.real.asis"))
        return variants

    def inputs(self):
        """The files that the call reads."""
        for path in self.folder.iterdir():
            if path.is_file() and path.name not in ("cmd", "source") and "real." not in path.name:
                yield path
