"""PostgreSQL's own parse of the governed SQL, as libpg_query prints it: it names our relations, and no more.

Kinds of node begin with a capital and fields do not; both lists are closed. Operators are functions, and both are
looked up by PostgreSQL in the schemas of a search path, so a schema other than `pg_catalog` is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bailee.rewrite.dialects.reading import CTE, agree, is_ours, other, unreadable

if TYPE_CHECKING:
    from bailee.rewrite.dialects.dialect import Dialect

_NODES_TEXT = """
SelectStmt RangeVar RangeSubselect RangeFunction JoinExpr CommonTableExpr ResTarget ColumnRef A_Const A_Expr A_Star
A_Indices A_Indirection A_ArrayExpr BoolExpr BooleanTest NullTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr FuncCall
NamedArgExpr SQLValueFunction SubLink RowExpr TypeCast CollateClause SortBy WindowDef GroupingSet GroupingFunc List
String Integer Float Boolean
"""
_NODES = frozenset(_NODES_TEXT.split())
_FIELDS_TEXT = """
agg_distinct agg_filter agg_order agg_star agg_within_group alias aliascolnames aliasname all arg argname argnumber
args arrayBounds boolop booltesttype boolval bsval collClause collname colname colnames content ctematerialized
ctename ctequery ctes defresult distinctClause elements endOffset expr fields frameOptions fromClause func_variadic
funcformat funcname functions fval groupClause groupDistinct havingClause indirection inh isNatural is_rowsfrom
is_slice isnull items ival join_using_alias jointype kind larg lateral left lexpr lidx limitCount limitOffset
limitOption list_end list_start location multidims name names node nulltesttype op operName orderClause ordinality
over partitionClause quals rarg recursive refname relname relpersistence result rexpr right row_format rtindex
sortClause sortby_dir sortby_nulls startOffset str subLinkId subLinkType subquery subselect sval targetList testexpr
typeName typemod typmod typmods uidx usingClause val valuesLists whereClause windowClause withClause
"""
_FIELDS = frozenset(_FIELDS_TEXT.split())
#: Fields that hold a node without saying its kind.
_KINDS = {"typeName": "TypeName", "over": "WindowDef", "larg": "SelectStmt", "rarg": "SelectStmt"}

#: By PostgreSQL's own names; a type of the company's database may be an ENUM with every word of its list.
_TYPES_TEXT = """
bool int2 int4 int8 numeric float4 float8 text varchar bpchar date time timetz timestamp timestamptz interval uuid
bytea bit varbit json jsonb jsonpath inet cidr macaddr int4range int8range numrange daterange tsrange tstzrange
"""
_TYPES = frozenset(_TYPES_TEXT.split())
_VALUES_TEXT = """
SVFOP_CURRENT_DATE SVFOP_CURRENT_TIME SVFOP_CURRENT_TIME_N SVFOP_CURRENT_TIMESTAMP SVFOP_CURRENT_TIMESTAMP_N
SVFOP_LOCALTIME SVFOP_LOCALTIME_N SVFOP_LOCALTIMESTAMP SVFOP_LOCALTIMESTAMP_N
"""
_VALUES = frozenset(_VALUES_TEXT.split())
_BETWEEN = frozenset({"BETWEEN", "NOT BETWEEN", "BETWEEN SYMMETRIC", "NOT BETWEEN SYMMETRIC"})


def check(dialect: Dialect, tree: Mapping[str, Any], expected: Counter[str]) -> None:
    """Raise `Refused` unless the tree is one SELECT over exactly the relations expected, as often."""
    statements = tree.get("stmts") or []
    if len(statements) != 1 or set(statements[0].get("stmt") or {}) != {"SelectStmt"}:
        raise unreadable("it is not one SELECT to the engine")
    reader = _Reader(dialect)
    reader.walk(statements[0]["stmt"])
    agree(reader.found, expected)


class _Reader:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.found: Counter[str] = Counter()

    def walk(self, tree: object) -> None:
        pending = [tree]
        while pending:
            node = pending.pop()
            if isinstance(node, list):
                pending.extend(node)
            elif isinstance(node, dict):
                for key, value in node.items():
                    self.check(key, value)
                    pending.append(value)

    def check(self, key: str, value: Any) -> None:
        if key not in (_NODES if key[:1].isupper() else _FIELDS):
            raise other(f"`{key}`")
        kind = _KINDS.get(key, key)
        if kind == "RangeVar":
            self.relation(value)
        elif kind == "FuncCall":
            self.function(_strings(value.get("funcname")))
        elif kind == "A_Expr":
            self.operator(_strings(value.get("name")), str(value.get("kind")))
        elif kind in ("operName", "useOp"):
            self.function(_strings(value))
        elif kind == "TypeName":
            _type(_strings(value.get("names")))
        elif kind == "SQLValueFunction" and value.get("op") not in _VALUES:
            raise other(f"`{str(value.get('op')).removeprefix('SVFOP_').lower()}`")
        elif kind == "RangeFunction":
            self.in_from(value)
        elif kind == "CommonTableExpr" and not CTE.fullmatch(str(value.get("ctename"))):
            raise other("a CTE that we did not see")
        elif kind == "CommonTableExpr" and set(value.get("ctequery") or {}) != {"SelectStmt"}:
            raise other("a CTE that is no SELECT")
        elif kind == "CollateClause" and len(_strings(value.get("collname"))) != 1:
            raise other(f"the collation `{'.'.join(_strings(value.get('collname')))}`")

    def relation(self, node: Mapping[str, Any]) -> None:
        name = str(node.get("relname"))
        if not is_ours(name) or not node.get("inh") or set(node) & {"schemaname", "catalogname"}:
            path = [str(node[key]) for key in ("catalogname", "schemaname", "relname") if node.get(key)]
            raise other(f"the table `{'.'.join(path)}`")
        self.found[name] += 1

    def function(self, path: list[str]) -> None:
        if len(path) > 2 or (len(path) == 2 and path[0] != "pg_catalog") or path[-1:] == []:
            raise other(f"the function `{'.'.join(path)}`")
        if path[-1] not in self._dialect.functions:
            raise other(f"the function `{'.'.join(path)}`")

    def operator(self, path: list[str], kind: str) -> None:
        if kind.startswith(("AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN")) and len(path) == 1 and path[0] in _BETWEEN:
            return
        if len(path) != 1:
            raise other(f"the operator `{'.'.join(path)}`")
        self.function(path)

    def in_from(self, node: Mapping[str, Any]) -> None:
        calls = [call for item in node.get("functions") or [] for call in (item.get("List") or {}).get("items") or []]
        named = [_strings((call.get("FuncCall") or {}).get("funcname")) for call in calls if call]
        if node.get("is_rowsfrom") or len(named) != 1 or named[0][-1:] == []:
            raise other("`ROWS FROM`")
        if named[0][-1] not in self._dialect.table_functions:
            raise other(f"`{named[0][-1]}` in FROM")


def _type(path: list[str]) -> None:
    if path[-1:] == [] or path[-1] not in _TYPES or path[:-1] not in ([], ["pg_catalog"]):
        raise other(f"the type `{'.'.join(path)}`")


def _strings(nodes: Any) -> list[str]:
    return [str(node["String"].get("sval")) for node in nodes or [] if "String" in node]
