"""The stubs describe the native module: the same names, arguments, defaults and documentation."""

import ast
import inspect
from pathlib import Path

import kinitro
from kinitro import _kinitro

STUBS = Path(kinitro.__file__).with_name("_kinitro.pyi")
DEFINITIONS = {
    node.name: node
    for node in ast.parse(STUBS.read_text(encoding="utf-8")).body
    if isinstance(node, (ast.FunctionDef, ast.ClassDef))
}


def test_stubs_and_module_have_the_same_names():
    assert set(DEFINITIONS) == {name for name in dir(_kinitro) if not name.startswith("_")} == set(_kinitro.__all__)


def test_stubs_and_module_agree():
    for name, stub in DEFINITIONS.items():
        native = getattr(_kinitro, name)
        assert inspect.getdoc(native) == ast.get_docstring(stub), name
        if isinstance(stub, ast.ClassDef):
            assert [ast.unparse(base) for base in stub.bases] == [base.__name__ for base in native.__bases__], name
        else:
            for argument in ast.walk(stub.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
            declared = ast.unparse(stub.args).replace(" ", "")
            assert f"({declared})" == str(inspect.signature(native)).replace(" ", ""), name


def test_the_package_exports_what_it_documents():
    assert set(kinitro.__all__) <= set(dir(kinitro))
    assert set(DEFINITIONS) - {"verify_library"} <= set(kinitro.__all__)
    assert Path(kinitro.__file__).with_name("py.typed").exists()
