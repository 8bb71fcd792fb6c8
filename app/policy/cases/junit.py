"""What came of cases, as JUnit XML: one suite for each file, one test case for each ask.

The elements and attributes are those of the Jenkins schema (junit-10.xsd of its xUnit plugin), which the
parsers of the usual CI servers take: testsuites/testsuite/testcase/failure, times in seconds.
"""

import re
from collections import Counter
from itertools import groupby
from xml.etree import ElementTree as ET

from app.policy.cases.running import Result, Run
from app.policy.cases.told import ask_line, failure_lines

# What XML 1.0 has no place for, even written as an entity (https://www.w3.org/TR/xml/#charsets).
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(run: Run) -> str:
    """Write a run as a whole JUnit document, with its declaration."""
    root = ET.Element("testsuites", _counts(run.results) | {"name": "jit policy test"})
    for file, results in groupby(run.results, key=lambda result: result.case.file):
        _suite(root, file, list(results))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(root: ET.Element, file: str, results: list[Result]) -> None:
    suite = ET.SubElement(root, "testsuite", _counts(results) | {"name": _clean(file), "skipped": "0"})
    asked: Counter[str] = Counter()
    for result in results:
        asked[result.case.name] += 1
        number = f" {asked[result.case.name]}" if len(result.case.asks) > 1 else ""
        case = ET.SubElement(
            suite,
            "testcase",
            {
                "classname": _clean(file.rsplit(".", 1)[0].replace("/", ".")),
                "name": _clean(f"{result.case.name}{number} [{ask_line(result.ask)}]"),
                "time": f"{result.seconds:.6f}",
            },
        )
        if result.mismatches:
            message = "; ".join(f"{key}: {wanted} ≠ {there}" for key, wanted, there in result.mismatches)
            failure = ET.SubElement(case, "failure", {"message": _clean(message), "type": "mismatch"})
            failure.text = _clean("\n".join(failure_lines(result)))


def _counts(results: list[Result] | tuple[Result, ...]) -> dict[str, str]:
    return {
        "tests": str(len(results)),
        "failures": str(sum(bool(result.mismatches) for result in results)),
        "errors": "0",
        "time": f"{sum(result.seconds for result in results):.6f}",
    }


def _clean(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
