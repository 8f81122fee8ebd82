/// Makes types agree, binding type parameters on the way. `dyn` agrees with everything; an enumeration agrees with strings.
struct Unifier {
    private var bindings: [String: StaticType] = [:]
    private var count = 0

    /// A parameter that nothing else uses. The space keeps it apart from declared names.
    mutating func fresh() -> StaticType {
        count += 1
        return .parameter(" \(count)")
    }

    /// The types of an overload with parameters of their own.
    mutating func instance(_ types: [StaticType]) -> [StaticType] {
        var renamed: [String: StaticType] = [:]
        func rename(_ type: StaticType, _ unifier: inout Unifier) -> StaticType {
            switch type {
            case .parameter(let name):
                if let known = renamed[name] { return known }
                let new = unifier.fresh()
                renamed[name] = new
                return new
            case .list(let element): return .list(rename(element, &unifier))
            case .map(let key, let value): return .map(rename(key, &unifier), rename(value, &unifier))
            case .type(let inner): return .type(rename(inner, &unifier))
            case .abstract(let name, let inner): return .abstract(name, inner.map { rename($0, &unifier) })
            default: return type
            }
        }
        return types.map { rename($0, &self) }
    }

    /// The type a parameter is bound to, or the type itself.
    func resolve(_ type: StaticType) -> StaticType {
        var type = type
        while case .parameter(let name) = type, let bound = bindings[name] { type = bound }
        return type
    }

    /// With every bound parameter replaced; those that stayed free become `dyn`.
    func final(_ type: StaticType) -> StaticType {
        guard type.hasParameter else { return type }
        switch resolve(type) {
        case .parameter: return .dyn
        case .list(let element): return .list(final(element))
        case .map(let key, let value): return .map(final(key), final(value))
        case .type(let inner): return .type(final(inner))
        case .abstract(let name, let inner): return .abstract(name, inner.map { final($0) })
        case let other: return other
        }
    }

    /// Makes the two agree; on failure nothing is bound.
    mutating func unify(_ left: StaticType, _ right: StaticType) -> Bool {
        let before = bindings
        if match(left, right) { return true }
        bindings = before
        return false
    }

    /// As `unify`, for several pairs at once.
    mutating func unify(_ left: [StaticType], _ right: [StaticType]) -> Bool {
        guard left.count == right.count else { return false }
        let before = bindings
        for index in left.indices where !match(left[index], right[index]) {
            bindings = before
            return false
        }
        return true
    }

    private mutating func match(_ first: StaticType, _ second: StaticType) -> Bool {
        let (left, right) = (resolve(first), resolve(second))
        switch (left, right) {
        case (.error, _), (_, .error):
            return true
        case (.dyn, _):
            widen(second)
            return true
        case (_, .dyn):
            widen(first)
            return true
        case (.parameter(let name), _):
            if left == right { return true }
            return bind(name, to: right)
        case (_, .parameter(let name)):
            return bind(name, to: left)
        case (.list(let a), .list(let b)):
            return match(a, b)
        case (.map(let a, let b), .map(let c, let d)):
            return match(a, c) && match(b, d)
        case (.abstract(let a, let b), .abstract(let c, let d)):
            guard a == c, b.count == d.count else { return false }
            for index in b.indices where !match(b[index], d[index]) { return false }
            return true
        case (.null, .timestamp), (.null, .duration), (.null, .abstract), (.timestamp, .null), (.duration, .null), (.abstract, .null):
            // The specification lets null stand for these.
            return true
        case (.type, .type), (.enumeration, .string), (.string, .enumeration), (.enumeration, .enumeration):
            return true
        default:
            return left == right
        }
    }

    /// A parameter that meets `dyn` stands for what is only known when it runs, whatever it was bound to.
    private mutating func widen(_ type: StaticType) {
        var type = type
        while case .parameter(let name) = type {
            guard let bound = bindings[name], case .parameter = bound else {
                bindings[name] = .dyn
                return
            }
            type = bound
        }
    }

    private mutating func bind(_ name: String, to type: StaticType) -> Bool {
        if occurs(name, in: type) { return false }
        bindings[name] = type
        return true
    }

    private func occurs(_ name: String, in type: StaticType) -> Bool {
        switch resolve(type) {
        case .parameter(let other): other == name
        case .list(let element), .type(let element): occurs(name, in: element)
        case .map(let key, let value): occurs(name, in: key) || occurs(name, in: value)
        case .abstract(_, let inner): inner.contains { occurs(name, in: $0) }
        default: false
        }
    }

    /// The type of a literal whose entries have the types `a` and `b`: the more general of two that agree, a plain string for two
    /// enumerations, else `dyn`.
    mutating func join(_ a: StaticType, _ b: StaticType) -> StaticType {
        unify(a, b) ? general(a, b) : .dyn
    }

    /// Of two types that agree the one that takes the values of both.
    private func general(_ a: StaticType, _ b: StaticType) -> StaticType {
        let (a, b) = (resolve(a), resolve(b))
        switch (a, b) {
        case (.dyn, _), (_, .dyn): return .dyn
        case (.error, let other), (let other, .error): return other
        case (.null, let other), (let other, .null): return other
        case (.enumeration(let x), .enumeration(let y)): return x == y ? a : .string
        case (.enumeration, .string), (.string, .enumeration): return .string
        case (.list(let x), .list(let y)): return .list(general(x, y))
        case (.map(let x, let y), .map(let z, let w)): return .map(general(x, z), general(y, w))
        case (.abstract(let name, let x), .abstract(_, let y)): return .abstract(name, zip(x, y).map { general($0, $1) })
        case (.type(let x), .type(let y)): return x == y ? a : .type(.dyn)
        default: return a
        }
    }
}
