//! The functions of expressions, with their types: those of CEL, and those of Kubernetes. A test
//! calls each of them.
use super::types::CelType;
use std::sync::LazyLock;

/// The signatures: the receiver in `<>` if the function is called on a value, the name, the types
/// of the arguments, and the type of the result. `element` is the element of the receiver or of
/// the first argument, `self` is its whole type.
const SIGNATURES: &str = "
size(string|bytes|list|map): int
<string|bytes|list|map>.size(): int
string(string|int|uint|double|bytes|duration|timestamp): string
bytes(string): bytes
double(string|int|uint|double): double
int(string|int|uint|double): int
uint(string|int|uint|double): uint
duration(string): duration
timestamp(string): timestamp
min(number, number): self
max(number, number): self
<string>.contains(string): bool
<list>.contains(any): bool
<string>.startsWith(string): bool
<string>.endsWith(string): bool
<string>.matches(string): bool
<timestamp>.getFullYear(): int
<timestamp>.getMonth(): int
<timestamp>.getDayOfYear(): int
<timestamp>.getDayOfMonth(): int
<timestamp>.getDate(): int
<timestamp>.getDayOfWeek(): int
<timestamp|duration>.getHours(): int
<timestamp|duration>.getMinutes(): int
<timestamp|duration>.getSeconds(): int
<timestamp|duration>.getMilliseconds(): int
optional.none(): optional
optional.of(any): optional(self)
optional.ofNonZeroValue(any): optional(self)
<optional>.hasValue(): bool
<optional>.value(): element
<optional>.or(optional): self
<optional>.orValue(any): element
<string>.charAt(int): string
<string>.indexOf(string): int
<string>.indexOf(string, int): int
<string>.lastIndexOf(string): int
<string>.lastIndexOf(string, int): int
<string>.lowerAscii(): string
<string>.upperAscii(): string
<string>.replace(string, string): string
<string>.replace(string, string, int): string
<string>.split(string): list(string)
<string>.split(string, int): list(string)
<string>.substring(int): string
<string>.substring(int, int): string
<string>.trim(): string
<string>.reverse(): string
<string>.format(list): string
<string>.find(string): string
<string>.findAll(string): list(string)
<string>.findAll(string, int): list(string)
strings.quote(string): string
<list>.join(): string
<list>.join(string): string
<list>.isSorted(): bool
<list>.sum(): element
<list>.min(): element
<list>.max(): element
<list>.indexOf(any): int
<list>.lastIndexOf(any): int
<list>.slice(int, int): self
<list>.sort(): self
<list>.flatten(): list
<list>.flatten(int): list
<list>.distinct(): self
<list>.reverse(): self
<list>.first(): optional(element)
<list>.last(): optional(element)
lists.range(int): list(int)
sets.contains(list, list): bool
sets.equivalent(list, list): bool
sets.intersects(list, list): bool
ip(string): ip
isIP(string): bool
isIPv4(string): bool
isIPv6(string): bool
ip.isCanonical(string): bool
<ip>.family(): int
<ip>.isLoopback(): bool
<ip>.isUnspecified(): bool
<ip>.isLinkLocalMulticast(): bool
<ip>.isLinkLocalUnicast(): bool
<ip>.isGlobalUnicast(): bool
<ip|cidr>.string(): string
cidr(string): cidr
isCIDR(string): bool
isCIDRv4(string): bool
isCIDRv6(string): bool
<cidr>.containsIP(string|ip): bool
<cidr>.containsCIDR(string|cidr): bool
<cidr>.prefixLength(): int
<cidr>.masked(): cidr
<cidr>.ip(): ip
semver(string): semver
semver(string, bool): semver
isSemver(string): bool
isSemver(string, bool): bool
<semver>.major(): int
<semver>.minor(): int
<semver>.patch(): int
<semver>.isGreaterThan(semver): bool
<semver>.isLessThan(semver): bool
<semver>.compareTo(semver): int
quantity(string): quantity
isQuantity(string): bool
<quantity>.isInteger(): bool
<quantity>.asInteger(): int
<quantity>.asApproximateFloat(): double
<quantity>.sign(): int
<quantity>.add(quantity|int): quantity
<quantity>.sub(quantity|int): quantity
<quantity>.isGreaterThan(quantity): bool
<quantity>.isLessThan(quantity): bool
<quantity>.compareTo(quantity): int
math.ceil(double): double
math.floor(double): double
math.round(double): double
math.trunc(double): double
math.abs(number): self
math.sign(number): self
math.isInf(double): bool
math.isNaN(double): bool
math.isFinite(double): bool
math.sqrt(double): double
math.greatest(number, number): self
math.least(number, number): self
math.bitAnd(int, int): int
math.bitOr(int, int): int
math.bitXor(int, int): int
math.bitNot(int): int
math.bitShiftLeft(int, int): int
math.bitShiftRight(int, int): int
";

/// A function with the types of its arguments.
pub(super) struct FunctionSignature {
    pub name: &'static str,
    /// the type of the value that it is called on; `None` for a function that stands alone
    pub receiver: Option<&'static str>,
    pub arguments: Vec<&'static str>,
    result: &'static str,
}

/// Every signature, in the order of the table.
pub(super) static FUNCTIONS: LazyLock<Vec<FunctionSignature>> = LazyLock::new(|| {
    SIGNATURES
        .lines()
        .filter_map(FunctionSignature::parse)
        .collect()
});

impl FunctionSignature {
    fn parse(line: &'static str) -> Option<FunctionSignature> {
        let (call, result) = line.split_once("): ")?;
        let (subject, arguments) = call.split_once('(')?;
        let (receiver, name) = match subject.strip_prefix('<') {
            Some(rest) => {
                let (receiver, name) = rest.split_once(">.")?;
                (Some(receiver), name)
            }
            None => (None, subject),
        };
        let arguments = arguments.split(", ").filter(|text| !text.is_empty());
        Some(FunctionSignature {
            name,
            receiver,
            arguments: arguments.collect(),
            result,
        })
    }

    /// Whether the function takes these values. `receiver` is the value that it is called on.
    pub fn takes(&self, receiver: Option<&CelType>, arguments: &[CelType]) -> bool {
        let takes_receiver = match (self.receiver, receiver) {
            (Some(wanted), Some(found)) => accepts(wanted, found),
            (wanted, found) => wanted.is_none() && found.is_none(),
        };
        takes_receiver
            && self.arguments.len() == arguments.len()
            && self
                .arguments
                .iter()
                .zip(arguments)
                .all(|(wanted, found)| accepts(wanted, found))
    }

    /// Returns the type of the result of a call.
    pub fn result(&self, receiver: Option<&CelType>, arguments: &[CelType]) -> CelType {
        let subject = receiver.or_else(|| arguments.first());
        let subject = subject.unwrap_or(&CelType::Any);
        let boxed = |of| Box::new(of);
        match self.result {
            "bool" => CelType::Bool,
            "int" => CelType::Int,
            "uint" => CelType::Uint,
            "double" => CelType::Double,
            "string" => CelType::Text,
            "element" => subject.element(),
            "self" => subject.clone(),
            "list" => CelType::List(boxed(CelType::Any)),
            "list(int)" => CelType::List(boxed(CelType::Int)),
            "list(string)" => CelType::List(boxed(CelType::Text)),
            "optional" => CelType::Optional(boxed(CelType::Any)),
            "optional(self)" => CelType::Optional(boxed(subject.clone())),
            "optional(element)" => CelType::Optional(boxed(subject.element())),
            named => CelType::Named(named),
        }
    }
}

/// Whether a value of a type fits an argument. `wanted` are the names of types, with `|` between
/// them.
fn accepts(wanted: &str, found: &CelType) -> bool {
    wanted.split('|').any(|name| match found {
        CelType::Any => true,
        CelType::Null => name == "any",
        CelType::Bool => matches!(name, "any" | "bool"),
        CelType::Int => matches!(name, "any" | "int" | "number"),
        CelType::Uint => matches!(name, "any" | "uint" | "number"),
        CelType::Double => matches!(name, "any" | "double" | "number"),
        CelType::Text => matches!(name, "any" | "string"),
        CelType::List(_) => matches!(name, "any" | "list"),
        CelType::Map(_) | CelType::Fields(_) => matches!(name, "any" | "map"),
        CelType::Optional(_) => matches!(name, "any" | "optional"),
        CelType::Named(own) => name == "any" || name == *own,
    })
}
