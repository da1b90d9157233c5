"""JUnit XML of validations, for continuous integration: a suite for each candidate, a case for each check."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from parity.results import Finding, Grade, ValidationResult
from parity.verdict import Verdict


def junit(results: Sequence[ValidationResult]) -> str:
    """The XML text."""
    root = ElementTree.Element("testsuites", name="parity validate")
    for r in results:
        suite = ElementTree.SubElement(root, "testsuite", name=f"{r.candidate} as {r.op}")
        _properties(suite, r)
        for g in r.grades:
            _grade(suite, r, g)
        for remark in r.conduct:
            case = ElementTree.SubElement(suite, "testcase", classname=r.op, name=f"conduct: {remark.kind}")
            failed = remark.fails or r.strict
            ElementTree.SubElement(case, "failure" if failed else "system-out", message=_xml(remark.text)).text = remark.first
        cases = suite.findall("testcase")
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(sum(c.find("failure") is not None for c in cases)))
        suite.set("skipped", str(sum(c.find("skipped") is not None for c in cases)))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _properties(suite: ElementTree.Element, result: ValidationResult) -> None:
    """The verdict, the grade of each dtype and direction, what was not judged."""
    found = ElementTree.SubElement(suite, "properties")
    named = [("verdict", result.verdict()), *(("not judged", text) for text in result.unjudged)]
    named += [(f"grade {g.dtype} {g.direction}", g.grade) for g in result.grades]
    for name, value in named:
        ElementTree.SubElement(found, "property", name=name, value=_xml(value))


def _grade(suite: ElementTree.Element, result: ValidationResult, grade: Grade) -> None:
    """A case for each check: passed, failed, or within a limit (a failure where the validation is strict)."""
    cell = f"{grade.dtype}-{grade.direction}"
    cases: dict[str, ElementTree.Element] = {}

    def case(name: str) -> ElementTree.Element:
        if name not in cases:
            cases[name] = ElementTree.SubElement(suite, "testcase", classname=result.op, name=f"{cell}-{name}")
        return cases[name]

    for v in grade.held:
        case(v.check.hazard)
    for v in grade.failures:
        _failure(case(v.check.hazard), v, next((f for f in result.findings if v.check.id in f.checks), None))
    for limit, checks in grade.limits:
        for check in checks:
            found = case(check.partition("-truth-")[2] or limit.text)
            ElementTree.SubElement(found, "failure" if result.strict else "system-out", message=_xml(limit.sentence))
    for text in grade.not_covered:
        hazard, _, reason = text.partition(": ")
        ElementTree.SubElement(case(hazard), "skipped", message=_xml(reason or text))


def _failure(case: ElementTree.Element, v: Verdict, found: Finding | None) -> None:
    text = v.message or f"{v.units:.4g} units of u*scale, {v.budget:.4g} allowed"
    ElementTree.SubElement(case, "failure", type=v.stage, message=_xml(text)).text = _body(found)


def _body(found: Finding | None) -> str:
    return "" if found is None else _xml("\n".join(filter(None, (found.cause, found.smallest, found.script))))


def _xml(text: str) -> str:
    """XML has no control characters."""
    return "".join(c if c in "\n\t" or c >= " " else "?" for c in text)
