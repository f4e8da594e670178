//! The operators of two operands.
use super::types::CelType;

/// Returns the type of the result of an operator; `None` if it does not take these values.
pub(super) fn binary(symbol: &str, left: &CelType, right: &CelType) -> Option<CelType> {
    use CelType::{Any, Bool, Double, Int, List, Map, Named, Text, Uint};
    let (duration, timestamp) = (Named("duration"), Named("timestamp"));
    let is_ordered = |of: &CelType| {
        matches!(of, Bool | Text) || matches!(of, Named("bytes" | "duration" | "timestamp"))
    };
    match symbol {
        "&&" | "||" => {
            let fits = |of: &CelType| matches!(of, Bool | Any);
            (fits(left) && fits(right)).then_some(Bool)
        }
        "==" | "!=" => left.can_equal(right).then_some(Bool),
        "<" | "<=" | ">" | ">=" => {
            let numbers = left.is_number() && right.is_number();
            let same = left == right && is_ordered(left);
            let unknown =
                (*left == Any && is_ordered(right)) || (*right == Any && is_ordered(left));
            (numbers || same || unknown).then_some(Bool)
        }
        "in" => match right {
            Any => Some(Bool),
            List(of) => left.can_equal(of).then_some(Bool),
            Map(_) | CelType::Fields(_) => left.can_equal(&Text).then_some(Bool),
            _ => None,
        },
        "+" | "-" | "*" | "/" | "%" => match (left, right) {
            (Any, _) | (_, Any) => Some(Any),
            (Int, Int) | (Uint, Uint) => Some(left.clone()),
            (Double, Double) if symbol != "%" => Some(Double),
            (Text, Text) if symbol == "+" => Some(Text),
            (Named("bytes"), Named("bytes")) if symbol == "+" => Some(left.clone()),
            (List(_), List(_)) if symbol == "+" => Some(left.clone().common_with(right.clone())),
            (Named("timestamp"), Named("timestamp")) if symbol == "-" => Some(duration),
            (Named("duration"), Named("duration")) if symbol == "+" || symbol == "-" => {
                Some(duration)
            }
            (Named("timestamp"), Named("duration")) if symbol == "+" || symbol == "-" => {
                Some(timestamp)
            }
            (Named("duration"), Named("timestamp")) if symbol == "+" => Some(timestamp),
            _ => None,
        },
        _ => None,
    }
}

/// Describes that an operator does not take these values.
pub(super) fn describe_operands(symbol: &str, left: &CelType, right: &CelType) -> String {
    let advice = match (left, right) {
        (CelType::Text, other) | (other, CelType::Text) if other.is_number() => {
            "; `int(…)` makes a number of a text"
        }
        _ => "",
    };
    format!("`{symbol}` cannot be used with {left} and {right}{advice}")
}
