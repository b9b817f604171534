"""Text of a plant file → a tree of nodes that know their lines. The only place that knows the YAML library.

Scalars keep their source text: 5.75 must not pass through a float, and a product called 007 stays 007.
"""

from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode
from ruamel.yaml.nodes import Node as YamlNode
from ruamel.yaml.reader import ReaderError

from oee.config.faults import Faults
from oee.config.model import canonical_text

_TAG = "tag:yaml.org,2002:"
_KINDS = {_TAG + kind: kind for kind in ("null", "bool", "int", "float")}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: its source text and what YAML 1.2 takes it for (null, bool, int, float, text)."""

    line: int
    kind: str
    text: str

    @property
    def canonical(self) -> str:
        """The text by which values are compared: True → "true", 6.0 and 0x6 → "6" (see `canonical_text`)."""
        try:
            if self.kind == "int":
                return canonical_text(int(self.text, 10 if self.text.lstrip("+-0").isdecimal() else 0))
            if self.kind == "float":
                return canonical_text(float(self.text))
        except ValueError:  # an explicit tag on a text that does not fit it
            return self.text
        return self.text.lower() if self.kind == "bool" else self.text


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Keys:
    """A mapping in the order of the file."""

    line: int
    pairs: "tuple[tuple[Scalar, Node], ...]"


Node = Scalar | Items | Keys


def read_text(path: Path, faults: Faults) -> str:
    """Return the text of a plant file; a file that can't be read is a fault, and the text then empty."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        faults.add(1, ("file",), "does not exist; give the path of a plant file")
    except IsADirectoryError:
        faults.add(1, ("file",), "is a folder; give the path of a plant file in it")
    except OSError as error:
        faults.add(1, ("file",), f"can't be read ({error.strerror}); check its permissions")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        faults.add(line, ("file",), "is not UTF-8 text; save it as UTF-8")
    return ""


def parse(text: str, faults: Faults) -> Node | None:
    """Return the tree of a YAML 1.2 text, or None after noting why there is none."""
    try:
        root = YAML(typ="rt", pure=True).compose(text)
        if root is None:
            faults.add(1, ("file",), "is empty; start it with `version: 1`")
            return None
        return _Converter(faults).node(root, ())
    except MarkedYAMLError as error:
        faults.add(_line(error), ("yaml",), _syntax(error, text))
    except ReaderError as error:
        line = text[: error.position].count("\n") + 1
        faults.add(line, ("yaml",), f"holds the control character #x{error.character:02x}; remove it")
    except (YAMLError, ValueError) as error:
        faults.add(1, ("yaml",), " ".join(str(error).split()))
    except RecursionError:
        faults.add(1, ("yaml",), "is nested too deeply, or an alias refers to itself; write it out flat")
    return None


def _line(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _syntax(error: MarkedYAMLError, text: str) -> str:
    """Say what a person has to mend, for the mistakes that people make; the library's words for the others."""
    problem = str(error.problem)
    lines = text.splitlines()
    line = lines[_line(error) - 1] if _line(error) <= len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or "'\\t'" in problem:
        return "a tab where spaces belong; indent with spaces"
    if problem.startswith("mapping values are not allowed"):
        return "a second `: ` in one line; indent the value below its key, or put quotes around it"
    if "another document" in problem:
        return "a second document starts at `---`; a plant file is one document"
    opened = error.context_mark
    where = f" (opened in line {opened.line + 1})" if opened and opened.line + 1 != _line(error) else ""
    context = f"{error.context}: " if error.context else ""
    return f"{context}{problem}{where}; check brackets, quotes and indentation"


class _Converter:
    """Turns the library's nodes into ours, telling keys that come twice."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def node(self, node: YamlNode, path: tuple[str, ...]) -> Node:
        line = node.start_mark.line + 1
        if isinstance(node, ScalarNode):
            return Scalar(line, _KINDS.get(str(node.tag), "text"), node.value)
        if isinstance(node, SequenceNode):
            return Items(line, tuple(self.node(item, path) for item in node.value))
        assert isinstance(node, MappingNode)
        return Keys(line, self._pairs(node, path))

    def _pairs(self, mapping: MappingNode, path: tuple[str, ...]) -> tuple[tuple[Scalar, Node], ...]:
        first: dict[str, int] = {}
        pairs = []
        for yaml_key, value in mapping.value:
            key = self.node(yaml_key, path)
            if not isinstance(key, Scalar):
                self._faults.add(key.line, ("yaml",), "a key must be plain text; put quotes around it")
            elif key.text in first:
                what = f"stands here twice, first in line {first[key.text]}; remove one"
                self._faults.add(key.line, (*path, key.text), what)
            else:
                first[key.text] = key.line
                pairs.append((key, self.node(value, (*path, key.text))))
        return tuple(pairs)
