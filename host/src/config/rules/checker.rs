//! Finds the type of an expression, and its mistakes: unknown names, fields and functions, and
//! values of the wrong type.
use super::{
    functions::{FUNCTIONS, FunctionSignature},
    operators::{binary, describe_operands},
    scan::Scan,
    types::{CelType, Fields},
    words::{describe_misuse, did_you_mean},
};
use kube_cel::cel::common::ast::{
    CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators,
};

/// The variables of every rule.
const VARIABLES: [(&str, Fields); 2] = [("node", Fields::Node), ("config", Fields::Config)];
/// Greatest depth of an expression. The plugin that evaluates rules has a small stack.
const MAX_DEPTH: usize = 100;

/// A mistake in an expression.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// place in the text, in bytes
    pub at: usize,
    pub message: String,
}

/// Returns the mistakes of an expression that has to be true or false.
pub(super) fn check(text: &str, expression: &IdedExpr) -> Vec<Mistake> {
    let mut checker = Checker {
        scan: Scan::new(text),
        bound: Vec::new(),
        mistakes: Vec::new(),
        depth: 0,
    };
    let found = checker.visit(expression);
    if checker.mistakes.is_empty() && !matches!(found, CelType::Bool | CelType::Any) {
        checker.mistakes.push(Mistake {
            at: 0,
            message: format!("the expression is {found}; a rule has to be true or false"),
        });
    }
    checker.mistakes
}

pub(super) struct Checker<'a> {
    pub(super) scan: Scan<'a>,
    /// variables of macros, the innermost last
    pub(super) bound: Vec<(String, CelType)>,
    mistakes: Vec<Mistake>,
    depth: usize,
}

impl Checker<'_> {
    /// Adds a mistake. The type of the wrong part is unknown then.
    pub(super) fn report(&mut self, at: usize, message: String) -> CelType {
        self.mistakes.push(Mistake { at, message });
        CelType::Any
    }

    pub(super) fn visit(&mut self, part: &IdedExpr) -> CelType {
        if self.depth >= MAX_DEPTH {
            if self.mistakes.is_empty() {
                let at = self.scan.place();
                let message = format!("the expression is nested deeper than {MAX_DEPTH} levels");
                self.report(at, message);
            }
            return CelType::Any;
        }
        self.depth += 1;
        let found = match &part.expr {
            Expr::Literal(literal) => self.visit_literal(literal),
            Expr::Ident(name) => self.visit_name(name),
            Expr::Select(select) => self.visit_select(select),
            Expr::Call(call) => self.visit_call(call),
            Expr::Comprehension(macro_call) => self.visit_macro(macro_call),
            Expr::List(list) => {
                let elements = list.elements.iter().map(|element| self.visit(element));
                CelType::List(Box::new(joined(elements)))
            }
            Expr::Map(map) => {
                let mut values = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.visit(&entry.key);
                        values.push(self.visit(&entry.value));
                    }
                }
                CelType::Map(Box::new(joined(values.into_iter())))
            }
            Expr::Struct(object) => {
                let at = self.scan.go_to(&object.type_name);
                self.report(at, format!("there is no message type {}", object.type_name))
            }
            Expr::Unspecified => CelType::Any,
        };
        self.depth -= 1;
        found
    }

    fn visit_literal(&mut self, literal: &LiteralValue) -> CelType {
        self.scan.go_to_literal();
        match literal {
            LiteralValue::Boolean(_) => CelType::Bool,
            LiteralValue::Bytes(_) => CelType::Named("bytes"),
            LiteralValue::Double(_) => CelType::Double,
            LiteralValue::Int(_) => CelType::Int,
            LiteralValue::Null => CelType::Null,
            LiteralValue::String(_) => CelType::Text,
            LiteralValue::UInt(_) => CelType::Uint,
        }
    }

    fn visit_name(&mut self, name: &str) -> CelType {
        let at = self.scan.go_to(name);
        if let Some((_, found)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return found.clone();
        }
        if let Some((_, fields)) = VARIABLES.iter().find(|(known, _)| *known == name) {
            return CelType::Fields(*fields);
        }
        let known = VARIABLES.iter().map(|(known, _)| *known);
        let known = known.chain(self.bound.iter().map(|(bound, _)| bound.as_str()));
        let meant = did_you_mean(name, known).unwrap_or_else(|| {
            "; the variables are `node` and `config`, and a text stands in quotes".into()
        });
        self.report(at, format!("there is no variable {name}{meant}"))
    }

    fn visit_select(&mut self, select: &SelectExpr) -> CelType {
        let of = self.visit(&select.operand);
        let at = self.scan.go_to(&select.field);
        let found = self.field_of(&of, &select.field, at);
        if select.test { CelType::Bool } else { found }
    }

    /// Returns the type of a field; reports if there is none.
    fn field_of(&mut self, of: &CelType, field: &str, at: usize) -> CelType {
        match of {
            CelType::Any => CelType::Any,
            CelType::Map(value) => (**value).clone(),
            CelType::Optional(inner) => {
                CelType::Optional(Box::new(self.field_of(&inner.clone(), field, at)))
            }
            CelType::Fields(fields) => match fields.field(field) {
                Some(found) => found,
                None => {
                    let subject = match fields {
                        Fields::Node => "node has no fact".to_owned(),
                        Fields::Config => "config has no field".to_owned(),
                        Fields::Fact(_) | Fields::Document(_) | Fields::Component(_) => {
                            "this object has no field".to_owned()
                        }
                    };
                    let names = fields.names();
                    let meant = did_you_mean(field, names.iter().copied())
                        .unwrap_or_else(|| format!("; it has {}", names.join(", ")));
                    self.report(at, format!("{subject} {field}{meant}"))
                }
            },
            other => self.report(at, format!("{other} has no fields, and so no {field}")),
        }
    }

    fn visit_call(&mut self, call: &CallExpr) -> CelType {
        if let Some(found) = self.visit_operator(call) {
            return found;
        }
        if let Some(target) = &call.target
            && let Expr::Ident(namespace) = &target.expr
            && !self.bound.iter().any(|(bound, _)| bound == namespace)
        {
            let name = format!("{namespace}.{}", call.func_name);
            if FUNCTIONS.iter().any(|function| function.name == name) {
                let at = self.scan.go_to(namespace);
                return self.visit_function(&name, None, &call.args, at);
            }
        }
        let receiver = call.target.as_ref().map(|target| self.visit(target));
        let at = self.scan.go_to(&call.func_name);
        self.visit_function(&call.func_name, receiver, &call.args, at)
    }

    fn visit_function(
        &mut self,
        name: &str,
        receiver: Option<CelType>,
        arguments: &[IdedExpr],
        at: usize,
    ) -> CelType {
        let arguments: Vec<CelType> = arguments.iter().map(|part| self.visit(part)).collect();
        let of_name = FUNCTIONS.iter().filter(|function| function.name == name);
        let same_name: Vec<&FunctionSignature> = of_name.collect();
        let fitting =
            |function: &&&FunctionSignature| function.takes(receiver.as_ref(), &arguments);
        let mut fitting = same_name.iter().filter(fitting);
        match (fitting.next(), fitting.next()) {
            (Some(function), None) => function.result(receiver.as_ref(), &arguments),
            // Which of them is called is known in a run.
            (Some(function), Some(_)) => match function.result(receiver.as_ref(), &arguments) {
                found @ (CelType::Bool | CelType::Int | CelType::Text) => found,
                _ => CelType::Any,
            },
            (None, _) if same_name.is_empty() => {
                let known = FUNCTIONS.iter().map(|function| function.name);
                let meant = did_you_mean(name, known).unwrap_or_default();
                self.report(at, format!("there is no function {name}{meant}"))
            }
            (None, _) => {
                let message = describe_misuse(name, receiver.as_ref(), &arguments, &same_name);
                self.report(at, message)
            }
        }
    }

    /// Returns the type of an operator's result; `None` for a function.
    fn visit_operator(&mut self, call: &CallExpr) -> Option<CelType> {
        let name = call.func_name.as_str();
        Some(match (name, call.args.as_slice()) {
            (operators::CONDITIONAL, [condition, yes, no]) => {
                let found = self.visit(condition);
                let at = self.scan.place();
                self.expect_boolean(&found, at);
                let (yes, no) = (self.visit(yes), self.visit(no));
                yes.common_with(no)
            }
            (operators::LOGICAL_NOT, [operand]) => {
                let at = self.scan.go_to("!");
                let found = self.visit(operand);
                self.expect_boolean(&found, at);
                CelType::Bool
            }
            (operators::NEGATE, [operand]) => {
                let at = self.scan.go_to("-");
                match self.visit(operand) {
                    found @ (CelType::Any | CelType::Int | CelType::Double) => found,
                    other => self.report(at, format!("`-` needs a number, and not {other}")),
                }
            }
            (operators::OPT_SELECT, [operand, field]) => {
                let of = self.visit(operand);
                let Expr::Literal(LiteralValue::String(field)) = &field.expr else {
                    return Some(CelType::Any);
                };
                let at = self.scan.go_to(field.inner());
                optional(self.field_of(&of, field.inner(), at))
            }
            (operators::INDEX, [operand, index]) => self.visit_index(operand, index, "["),
            (operators::OPT_INDEX, [operand, index]) => {
                optional(self.visit_index(operand, index, "[?"))
            }
            (_, [left, right]) => {
                let symbol = match name {
                    operators::IN => "in",
                    _ => name.strip_prefix('_')?.strip_suffix('_')?,
                };
                let left = self.visit(left);
                let at = self.scan.go_to(symbol);
                let right = self.visit(right);
                match binary(symbol, &left, &right) {
                    Some(found) => found,
                    None => self.report(at, describe_operands(symbol, &left, &right)),
                }
            }
            _ => return None,
        })
    }

    pub(super) fn expect_boolean(&mut self, found: &CelType, at: usize) {
        if !matches!(found, CelType::Bool | CelType::Any) {
            self.report(at, format!("this is {found}; it has to be true or false"));
        }
    }

    fn visit_index(&mut self, operand: &IdedExpr, index: &IdedExpr, bracket: &str) -> CelType {
        let of = self.visit(operand);
        let at = self.scan.go_to(bracket);
        let by = self.visit(index);
        let of = match of {
            CelType::Optional(inner) => *inner,
            other => other,
        };
        match (&of, &by) {
            (CelType::Fields(_), CelType::Text) => match &index.expr {
                Expr::Literal(LiteralValue::String(field)) => self.field_of(&of, field.inner(), at),
                _ => CelType::Any,
            },
            (CelType::Any, _) | (CelType::List(_), CelType::Any) => of.element(),
            (CelType::List(_), by) if by.is_number() => of.element(),
            (CelType::Map(value), CelType::Text | CelType::Any) => (**value).clone(),
            (CelType::Fields(_), CelType::Any) => CelType::Any,
            (of, by) => self.report(at, format!("{of} has no element for {by}")),
        }
    }
}

/// Returns the type that all elements have.
pub(super) fn joined(types: impl Iterator<Item = CelType>) -> CelType {
    types.reduce(CelType::common_with).unwrap_or(CelType::Any)
}

fn optional(of: CelType) -> CelType {
    match of {
        already @ CelType::Optional(_) => already,
        of => CelType::Optional(Box::new(of)),
    }
}
