/// Equality and order of the language: numbers compare across their types by their mathematical value, strings by code points,
/// bytes by value; values of different kinds are unequal and have no order.
enum Comparison {
    enum Order { case less, equal, greater }

    /// `==`. Never an error: different kinds are unequal; NaN is unequal to everything.
    static func equal(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)):
            return sameText(a, b)
        case (.int(let a), .int(let b)):
            return a == b
        case (.double(let a), .double(let b)):
            return a == b
        case (.int, .uint), (.int, .double), (.uint, .int), (.uint, .double), (.double, .int), (.double, .uint):
            return order(left, right) == .equal
        case (.list(let a), .list(let b)):
            guard a.count == b.count else { return false }
            for index in a.indices where !equal(a[index], b[index]) { return false }
            return true
        case (.map(let a), .map(let b)):
            guard a.count == b.count else { return false }
            for (key, value) in a {
                guard let other = lookup(key, in: b), equal(value, other) else { return false }
            }
            return true
        case (.optional(let a?), .optional(let b?)):
            return equal(a, b)
        default:
            return left == right
        }
    }

    /// The order of two values; nil where they have none (different kinds, NaN, lists, maps, null).
    static func order(_ left: Value, _ right: Value) -> Order? {
        switch (left, right) {
        case (.int(let a), .int(let b)): of(a, b)
        case (.uint(let a), .uint(let b)): of(a, b)
        case (.double(let a), .double(let b)): a < b ? .less : a > b ? .greater : a == b ? .equal : nil
        case (.int(let a), .uint(let b)): a < 0 ? .less : of(UInt64(a), b)
        case (.uint(let a), .int(let b)): b < 0 ? .greater : of(a, UInt64(b))
        case (.int(let a), .double(let b)): ordered(a, b)
        case (.double(let a), .int(let b)): reversed(ordered(b, a))
        case (.uint(let a), .double(let b)): ordered(a, b)
        case (.double(let a), .uint(let b)): reversed(ordered(b, a))
        case (.string(let a), .string(let b)): sequence(a.utf8, b.utf8)
        case (.bytes(let a), .bytes(let b)): sequence(a, b)
        case (.bool(let a), .bool(let b)): of(a ? 1 : 0, b ? 1 : 0)
        case (.timestamp(let a, let b), .timestamp(let c, let d)), (.duration(let a, let b), .duration(let c, let d)):
            a == c ? of(b, d) : of(a, c)
        default: nil
        }
    }

    /// Whether order is a question that can be asked of these two (NaN has the kind, but no order).
    static func comparable(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.int, .int), (.int, .uint), (.int, .double), (.uint, .int), (.uint, .uint), (.uint, .double), (.double, .int),
            (.double, .uint), (.double, .double), (.string, .string), (.bytes, .bytes), (.bool, .bool), (.timestamp, .timestamp),
            (.duration, .duration):
            true
        default: false
        }
    }

    /// The value of a key, numbers across their types: `{1: "a"}[1u]`.
    static func lookup(_ key: Value, in entries: [Value: Value]) -> Value? {
        switch key {
        case .bool, .string:
            return entries[key]
        case .int(let number):
            return entries[key] ?? (number >= 0 ? entries[.uint(UInt64(number))] : nil)
        case .uint(let number):
            return entries[key] ?? Int64(exactly: number).flatMap { entries[.int($0)] }
        case .double(let number):
            if let whole = Int64(exactly: number), let value = entries[.int(whole)] { return value }
            return UInt64(exactly: number).flatMap { entries[.uint($0)] }
        default:
            // Nothing else is a key; hashing it could take for ever.
            return nil
        }
    }

    private static func of<T: Comparable>(_ left: T, _ right: T) -> Order {
        left < right ? .less : left == right ? .equal : .greater
    }

    private static func sequence(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Order {
        if left.lexicographicallyPrecedes(right) { return .less }
        return left.elementsEqual(right) ? .equal : .greater
    }

    private static func reversed(_ order: Order?) -> Order? {
        switch order {
        case .less: .greater
        case .greater: .less
        case .equal: .equal
        case nil: nil
        }
    }

    /// A whole number against a double, exactly: converting the whole number first would lose its last bits.
    private static func ordered<T: FixedWidthInteger>(_ whole: T, _ double: Double) -> Order? {
        if double.isNaN { return nil }
        let below = double.rounded(.down)
        if let floor = T(exactly: below) {
            if whole != floor { return whole < floor ? .less : .greater }
            return below == double ? .equal : .less
        }
        return double > 0 ? .less : .greater
    }
}
