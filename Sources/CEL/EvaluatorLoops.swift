/// Maps, lists, fields of values, and the macros that walk through them.
extension Evaluator {
    mutating func select<A: Activation>(
        _ operand: Int32, _ field: Int32, _ zero: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let key = program.constants[Int(field)]
        try charge(key, number, program)
        switch try value(operand, program, activation) {
        case .map(let entries):
            if let found = entries[key] { return found }
            if zero >= 0 { return program.constants[Int(zero)] }
            throw EvaluationError(message: "no such key: \(key.brief)", span: program.spans[Int(number)])
        case .optional(nil):
            return .optional(nil)
        case .optional(.map(let entries)?):
            return .optional(entries[key])
        default:
            throw EvaluationError(message: "no such key: this value has no fields", span: program.spans[Int(number)])
        }
    }

    mutating func hasKey<A: Activation>(
        _ operand: Int32, _ field: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        try charge(program.constants[Int(field)], number, program)
        switch try value(operand, program, activation) {
        case .map(let entries), .optional(.map(let entries)?): return .bool(entries[program.constants[Int(field)]] != nil)
        case .optional(nil): return .bool(false)
        default: throw EvaluationError(message: "this value has no fields", span: program.spans[Int(number)])
        }
    }

    mutating func index<A: Activation>(
        _ operand: Int32, _ index: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let container = try value(operand, program, activation)
        let key = try value(index, program, activation)
        try charge(key, number, program)
        do throws(OperationError) {
            return try Functions.index(container, key)
        } catch {
            throw EvaluationError(message: error.message, span: program.spans[Int(number)])
        }
    }

    mutating func map<A: Activation>(
        _ first: Int32, _ count: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        var entries: [Value: Value] = [:]
        entries.reserveCapacity(Int(count) / 2)
        for place in stride(from: Int(first), to: Int(first + count), by: 2) {
            var keyPlace = program.operands[place]
            var isMaybe = false
            if case .maybe(let inner) = program.operations[Int(keyPlace)] { (keyPlace, isMaybe) = (inner, true) }
            let key = try value(keyPlace, program, activation)
            var entry: Value? = try value(program.operands[place + 1], program, activation)
            if isMaybe { entry = try content(entry, program.operands[place + 1], program) }
            guard let entry else { continue }
            try add(key, entry, to: &entries, keyPlace, program)
        }
        return .map(entries)
    }

    /// A key of the right kind, once.
    private mutating func add(
        _ key: Value, _ entry: Value, to entries: inout [Value: Value], _ place: Int32, _ program: Program
    ) throws(EvaluationError) {
        switch key {
        case .bool, .int, .uint, .string: break
        default: throw EvaluationError(message: "a key is an int, uint, bool or string", span: program.spans[Int(place)])
        }
        try charge(key, place, program)
        guard Comparison.lookup(key, in: entries) == nil else {
            throw EvaluationError(message: "the key \(key.brief) stands twice", span: program.spans[Int(place)])
        }
        entries[key] = entry
    }

    /// What an optional value holds.
    private func content(_ value: Value?, _ place: Int32, _ program: Program) throws(EvaluationError) -> Value? {
        guard case .optional(let inner) = value else {
            throw EvaluationError(message: "'?' before an entry wants an optional value", span: program.spans[Int(place)])
        }
        return inner
    }

    mutating func sparseList<A: Activation>(
        _ first: Int32, _ count: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        var values: [Value] = []
        for place in Int(first)..<Int(first + count) {
            let operand = program.operands[place]
            if case .maybe(let inner) = program.operations[Int(operand)] {
                if let entry = try content(value(inner, program, activation), inner, program) { values.append(entry) }
            } else {
                values.append(try value(operand, program, activation))
            }
        }
        return .list(values)
    }

    // MARK: - Macros

    /// What a macro walks through: the elements alone, or with what stands before each (index or key).
    private struct Walk {
        var elements: [Value]
        /// Keys of a map; nil for a list, whose elements are numbered.
        var keys: [Value]?
    }

    mutating func macro<A: Activation>(
        _ macro: Program.Macro, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let range = try value(macro.range, program, activation)
        let last = Int(macro.variable) + (macro.isPaired ? 1 : 0)
        while locals.count <= last { locals.append(.null) }
        if macro.kind == .optMap || macro.kind == .optFlatMap {
            return try optionalMap(macro, range, number, program, activation)
        }
        let walk: Walk
        switch range {
        case .list(let values): walk = Walk(elements: values, keys: nil)
        case .map(let entries):
            try spend(entries.count * Limits.keyCost, number, program)
            let keys = sortedKeys(entries)
            walk = macro.isPaired ? Walk(elements: keys.map { entries[$0] ?? .null }, keys: keys) : Walk(elements: keys, keys: nil)
        default:
            throw EvaluationError(
                message: "\(macro.kind.rawValue)() walks through a list or the keys of a map", span: program.spans[Int(number)])
        }
        switch macro.kind {
        case .all: return .bool(try fold(macro, walk, until: false, number, program, activation))
        case .exists: return .bool(try fold(macro, walk, until: true, number, program, activation))
        case .existsOne: return .bool(try count(macro, walk, number, program, activation) == 1)
        case .transformMap, .transformMapEntry: return .map(try collectMap(macro, walk, number, program, activation))
        case .map, .filter, .transformList, .optMap, .optFlatMap:
            return .list(try collect(macro, walk, number, program, activation))
        }
    }

    /// Puts the variables of one round in place, and counts it.
    @inline(__always)
    private mutating func round(
        _ macro: Program.Macro, _ walk: Walk, _ index: Int, _ number: Int32, _ program: Program
    ) throws(EvaluationError) {
        try spend(macro.weight, number, program)
        let variable = Int(macro.variable)
        if macro.isPaired {
            locals[variable] = walk.keys?[index] ?? .int(Int64(index))
            locals[variable + 1] = walk.elements[index]
        } else {
            locals[variable] = walk.elements[index]
        }
    }

    /// `all` and `exists`: the first element that decides ends it; errors count only where none does.
    private mutating func fold<A: Activation>(
        _ macro: Program.Macro, _ walk: Walk, until decisive: Bool, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Bool {
        guard let predicate = macro.predicate else { return !decisive }
        var failure: EvaluationError?
        for index in walk.elements.indices {
            try round(macro, walk, index, number, program)
            do throws(EvaluationError) {
                if try truth(predicate, program, activation) == decisive { return decisive }
            } catch {
                if isExhausted { throw error }
                cost += Limits.errorCost
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
        return !decisive
    }

    private mutating func count<A: Activation>(
        _ macro: Program.Macro, _ walk: Walk, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Int {
        guard let predicate = macro.predicate else { return 0 }
        var count = 0
        for index in walk.elements.indices {
            try round(macro, walk, index, number, program)
            if try truth(predicate, program, activation) { count += 1 }
        }
        return count
    }

    private mutating func collect<A: Activation>(
        _ macro: Program.Macro, _ walk: Walk, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> [Value] {
        var out: [Value] = []
        for index in walk.elements.indices {
            try round(macro, walk, index, number, program)
            if let predicate = macro.predicate, try !truth(predicate, program, activation) { continue }
            if let transform = macro.transform {
                out.append(try value(transform, program, activation))
            } else {
                out.append(walk.elements[index])
            }
        }
        return out
    }

    /// `transformMap` keeps each key (or index); `transformMapEntry` gives the entries themselves.
    private mutating func collectMap<A: Activation>(
        _ macro: Program.Macro, _ walk: Walk, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> [Value: Value] {
        guard let transform = macro.transform else { return [:] }
        var out: [Value: Value] = [:]
        for index in walk.elements.indices {
            try round(macro, walk, index, number, program)
            if let predicate = macro.predicate, try !truth(predicate, program, activation) { continue }
            let made = try value(transform, program, activation)
            guard macro.kind == .transformMapEntry else {
                try spend(Limits.keyCost, number, program)
                try add(walk.keys?[index] ?? .int(Int64(index)), made, to: &out, transform, program)
                continue
            }
            guard case .map(let entries) = made else {
                throw EvaluationError(message: "transformMapEntry() wants a map", span: program.spans[Int(transform)])
            }
            try spend(entries.count * Limits.keyCost, number, program)
            for (key, entry) in entries { try add(key, entry, to: &out, transform, program) }
        }
        return out
    }

    private mutating func optionalMap<A: Activation>(
        _ macro: Program.Macro, _ range: Value, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        guard case .optional(let inner) = range, let transform = macro.transform else {
            throw EvaluationError(message: "\(macro.kind.rawValue)() works on an optional value", span: program.spans[Int(number)])
        }
        guard let inner else { return .optional(nil) }
        try spend(macro.weight, number, program)
        locals[Int(macro.variable)] = inner
        let made = try value(transform, program, activation)
        if macro.kind == .optMap { return .optional(made) }
        guard case .optional = made else {
            throw EvaluationError(message: "optFlatMap() wants an optional value", span: program.spans[Int(transform)])
        }
        return made
    }

    // MARK: - Bound names

    /// An error of the value is one only where the name is used: `cel.bind(x, 1 / 0, true || x > 0)` is true.
    mutating func bind<A: Activation>(
        _ variable: Int32, _ bound: Int32, _ body: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        do throws(EvaluationError) {
            let value = try value(bound, program, activation)
            while locals.count <= Int(variable) { locals.append(.null) }
            locals[Int(variable)] = value
        } catch {
            if isExhausted { throw error }
            cost += Limits.errorCost
            failures = failures ?? [:]
            failures?[variable] = error
        }
        defer { failures?[variable] = nil }
        return try self.value(body, program, activation)
    }
}
