"""Reads the files of a policy folder into a draft; everything that is wrong with them is told at once."""

import os
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.policy.catalogue import Permission
from app.policy.draft import Draft, Entry
from app.policy.factor_shapes import FACTOR_KEYS
from app.policy.machine_shapes import API_KEYS
from app.policy.nearest import instead
from app.policy.problems import PolicyError, Problem
from app.policy.references import misfits
from app.policy.schema import SECTIONS, as_written, known_keys, validator
from app.policy.shapes import name as shape_of_name
from app.policy.shapes import person_id
from app.policy.ways import MAIL_KEYS
from app.policy.yaml_file import BrokenFileError, Document, Path_, Table, dotted, read_file

SUFFIXES = frozenset({".yaml", ".yml"})
CASES = "tests"
"""The folder at the top of a policy folder that holds cases for `jit policy test`, and no policies."""
FIXED_NAMES = {
    "permissions": frozenset(Permission),
    "channels": frozenset({"digest", "admin"}),
    "api": API_KEYS,
    "factors": frozenset(FACTOR_KEYS),
    "mail": MAIL_KEYS,
}


def policy_files(folder: Path) -> list[tuple[str, Path]]:
    """List the policy files below a folder, by their names within it, without its cases (`tests` at its top).

    What begins with a dot is left out.
    Raises PolicyError when the folder, or one in it, cannot be read: what is not seen must not count as gone.
    """
    try:
        found = sorted((path.relative_to(folder).as_posix(), path) for path in _walk(folder))
    except OSError as error:
        text = f"{error.filename} cannot be read ({error.strerror}); it must be there and readable"
        raise PolicyError([_of_folder(folder, text)]) from None
    if not found:
        raise PolicyError([_of_folder(folder, "has no policy files; there must be some, named *.yaml")])
    return found


def read_policies(folder: Path) -> Draft:
    """Read and check all files. Raises PolicyError."""
    documents, problems = [], []
    for name, path in policy_files(folder):
        try:
            documents.append(read_file(path, name))
        except BrokenFileError as error:
            problems.append(error.problem)
    return put_together(documents, problems, folder.name)


def put_together(documents: list[Document], problems: list[Problem], folder: str) -> Draft:
    """Merge documents, in whatever order they come. Raises PolicyError, with `problems` among its own.

    References are followed only when every section could be read: names in what could not are not known.
    """
    merging = _Merging(list(problems))
    for document in documents:
        merging.take(document)
    draft = Draft(merging.sections, folder)
    found = [*merging.problems, *(misfits(draft) if merging.is_complete else ())]
    if found:
        raise PolicyError(found)
    return draft


class _Merging:
    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        self.is_complete = not problems
        self.sections: dict[str, dict[str, Entry]] = {section: {} for section in SECTIONS}

    def take(self, document: Document) -> None:
        """Add what a document holds."""
        self.problems += document.problems
        for section, entries in document.tree.items():
            if section not in SECTIONS:
                self._add(document, (section,), f"is not a known key; {instead(section, SECTIONS)}")
            elif not isinstance(entries, Table):
                self.is_complete = False
                self._add(document, (section,), "is not a mapping; write names, and what belongs to each")
            else:
                for name, written in entries.items():
                    self._take_entry(document, section, name, written)

    def _take_entry(self, document: Document, section: str, name: str, written: Any) -> None:
        before = self.sections[section].get(name)
        if before is not None:
            first = f"{before.document.name}:{before.document.line((section, name))}"
            self._add(document, (section, name), f"stands here and in {first}; keep one")
            return
        self._check_name(document, section, name)
        is_mapping = isinstance(written, Table)
        try:
            own = name if section == "factors" and name in FACTOR_KEYS else ""
            spec = validator(section, is_mapping, own).validate_python(written)
        except ValidationError as error:
            spec = None
            for each in error.errors(include_url=False):
                loc = each["loc"] if each["type"] == "extra_forbidden" else map(as_written, each["loc"])
                path = (section, name, *loc)
                text = told(dict(each), written, partial(known_keys, section, is_mapping=is_mapping))
                excerpt = getattr(each.get("ctx", {}).get("error"), "excerpt", "")
                self._add(document, path, text, excerpt)
        self.sections[section][name] = Entry(section, name, document, written, spec)

    def _check_name(self, document: Document, section: str, name: str) -> None:
        if section in FIXED_NAMES:
            if name not in FIXED_NAMES[section]:
                text = f"is not a known key; {instead(name, FIXED_NAMES[section])}"
                self._add(document, (section, name), text)
            return
        try:
            (person_id if section in {"people", "machines"} else shape_of_name)(name)
        except ValueError as error:
            self._add(document, (section, name), f"the name {error}")

    def _add(self, document: Document, path: Path_, text: str, excerpt: str = "") -> None:
        self.problems.append(Problem(document.name, document.line(path), dotted(path), text, excerpt))


def told(error: dict[str, Any], written: Any, keys_at: Callable[[Path_], Collection[str]]) -> str:
    """Say a validation error in our words: what is wrong; what would be right. `keys_at`: keys by path."""
    path: Path_ = error["loc"]
    match error["type"]:
        case "extra_forbidden":
            return f"is not a known key; {instead(str(path[-1]), keys_at(path[:-1]))}"
        case "value_error":
            return str(error["ctx"]["error"])
        case "model_type":
            keys = ", ".join(sorted(keys_at(path)))
            return f"is {'missing' if error['input'] is None else 'not a mapping'}; write keys such as {keys}"
        case _:
            return f"{error['msg']}; it is {str(written)[:60]}"


def _walk(folder: Path) -> Iterator[Path]:
    """Go through folders and links to folders, each once."""
    seen: set[tuple[int, int]] = set()
    for root, folders, files in os.walk(folder, onerror=_raise, followlinks=True):
        status = Path(root).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        left_out = {CASES} if Path(root) == folder else set()
        folders[:] = [each for each in folders if not each.startswith(".") and each not in left_out]
        for file in files:
            if not file.startswith(".") and Path(file).suffix.lower() in SUFFIXES:
                yield Path(root) / file


def _raise(error: OSError) -> None:
    raise error


def _of_folder(folder: Path, text: str) -> Problem:
    return Problem(folder.name, 0, "", text)
