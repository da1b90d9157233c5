"""JUnit XML of validations, for continuous integration: a suite for each candidate, a case for each grade and failure."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from parity.results import Finding, Grade, ValidationResult


def junit(results: Sequence[ValidationResult]) -> str:
    """The XML text."""
    root = ElementTree.Element("testsuites", name="parity validate")
    for r in results:
        suite = ElementTree.SubElement(root, "testsuite", name=f"{r.candidate} as {r.op}")
        for g in r.grades:
            _grade(suite, r, g)
        for remark in r.conduct:
            case = ElementTree.SubElement(suite, "testcase", classname=r.op, name=f"conduct: {remark.kind}")
            ElementTree.SubElement(
                case, "failure" if remark.fails else "system-out", message=_xml(remark.text)
            ).text = remark.first
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(sum(c.find("failure") is not None for c in cases)))
        suite.set("skipped", str(sum(c.find("skipped") is not None for c in cases)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _grade(suite: ElementTree.Element, result: ValidationResult, grade: Grade) -> None:
    """A case for the grade where it holds or is not covered, else one for each failed check."""
    name = f"{grade.dtype}-{grade.direction}"
    if not grade.failures:
        case = ElementTree.SubElement(suite, "testcase", classname=result.op, name=name, assertions=str(grade.checks))
        if grade.grade == "not covered":
            ElementTree.SubElement(case, "skipped", message=_xml("; ".join(grade.not_covered[:1])))
    for v in grade.failures:
        found = next((f for f in result.findings if v.check.id in f.checks), None)
        text = v.message or f"{v.units:.4g} units of u*scale, {v.budget:.4g} allowed"
        case = ElementTree.SubElement(suite, "testcase", classname=result.op, name=f"{name}-{v.check.hazard}")
        ElementTree.SubElement(case, "failure", type=v.stage, message=_xml(text)).text = _body(found)


def _body(found: Finding | None) -> str:
    return "" if found is None else _xml("\n".join(filter(None, (found.cause, found.smallest, found.script))))


def _xml(text: str) -> str:
    """XML has no control characters."""
    return "".join(c if c in "\n\t" or c >= " " else "?" for c in text)
