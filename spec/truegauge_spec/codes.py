"""What the codes of problems mean that no check is named after: of reading files, and of YAML and the models."""

from __future__ import annotations

CODES = {
    "empty_spec": "There is nothing to render: no file, no system, or no alert. Success would hide that.",
    "file_kind": "A spec file declares one `system:`, or the one `stack:`; anything else is in no one's hands.",
    "declared_twice": "Two files declare the same system, or the stack; one of them would silently win.",
    "encoding": "Spec files are UTF-8 text.",
    "file_access": "A file could not be read or written; the operating system says why. Nothing was written.",
    "yaml_syntax": "The file is not YAML; it stands where the parser lost its way, often a line after the cause.",
    "yaml_tag": "Tags such as `!!int` are not used: the model decides what a value means.",
    "yaml_alias": "An alias `*name` needs a finished anchor `&name` before it.",
    "yaml_document": "A spec file holds one document.",
    "yaml_key": "A key is a plain name.",
    "yaml_merge": "`<<` takes a mapping, or a list of mappings, that is anchored elsewhere.",
    "duplicate_key": "A key is given twice in one mapping; YAML readers keep the last one silently.",
    "unknown_key": "The key is not known here; the nearest known one is offered.",
    "missing_key": "A key that is required is missing.",
    "wrong_type": "The value is of another kind than the key takes, as text where a list belongs.",
    "bad_value": "The value is of the right kind, but not one that is allowed.",
    "unknown_code": "A waiver names a check that does not exist.",
    "unused_waiver": "A waiver waives nothing, or nothing any more; left there, it would hide what comes later.",
    "bad_name": "The name of a metric, label, alert or system has a character that it may not have.",
}
