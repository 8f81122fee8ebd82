/// Maps, lists, fields of values, and the macros that walk through them.
extension Evaluator {
    mutating func select<A: Activation>(
        _ operand: Int32, _ field: Int32, _ zero: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        guard case .map(let entries) = try value(operand, program, activation) else {
            throw EvaluationError(message: "this value has no fields", span: program.spans[Int(number)])
        }
        let key = program.constants[Int(field)]
        if let found = entries[key] { return found }
        if zero >= 0 { return program.constants[Int(zero)] }
        throw EvaluationError(message: "no such key: \(key.json)", span: program.spans[Int(number)])
    }

    mutating func hasKey<A: Activation>(
        _ operand: Int32, _ field: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        guard case .map(let entries) = try value(operand, program, activation) else {
            throw EvaluationError(message: "this value has no fields", span: program.spans[Int(number)])
        }
        return .bool(entries[program.constants[Int(field)]] != nil)
    }

    mutating func index<A: Activation>(
        _ operand: Int32, _ index: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let container = try value(operand, program, activation)
        let key = try value(index, program, activation)
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
            let key = try value(program.operands[place], program, activation)
            let span = program.spans[Int(program.operands[place])]
            switch key {
            case .bool, .int, .uint, .string: break
            default: throw EvaluationError(message: "a key is an int, uint, bool or string", span: span)
            }
            guard Comparison.lookup(key, in: entries) == nil else {
                throw EvaluationError(message: "the key \(key.json) stands twice", span: span)
            }
            entries[key] = try value(program.operands[place + 1], program, activation)
        }
        return .map(entries)
    }

    mutating func macro<A: Activation>(
        _ macro: Program.Macro, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let elements: [Value]
        switch try value(macro.range, program, activation) {
        case .list(let values): elements = values
        case .map(let entries): elements = sortedKeys(entries)
        default:
            throw EvaluationError(
                message: "\(macro.kind.rawValue)() walks through a list or the keys of a map", span: program.spans[Int(number)])
        }
        let variable = Int(macro.variable)
        while locals.count <= variable { locals.append(.null) }
        switch macro.kind {
        case .all: return .bool(try fold(macro, elements, until: false, number, program, activation))
        case .exists: return .bool(try fold(macro, elements, until: true, number, program, activation))
        case .existsOne: return .bool(try count(macro, elements, number, program, activation) == 1)
        case .map, .filter: return .list(try collect(macro, elements, number, program, activation))
        }
    }

    /// `all` and `exists`: the first element that decides ends it; errors count only where none does.
    private mutating func fold<A: Activation>(
        _ macro: Program.Macro, _ elements: [Value], until decisive: Bool, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Bool {
        guard let predicate = macro.predicate else { return !decisive }
        var failure: EvaluationError?
        for element in elements {
            try spend(macro.weight, number, program)
            locals[Int(macro.variable)] = element
            do throws(EvaluationError) {
                if try truth(predicate, program, activation) == decisive { return decisive }
            } catch {
                if isExhausted { throw error }
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
        return !decisive
    }

    private mutating func count<A: Activation>(
        _ macro: Program.Macro, _ elements: [Value], _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Int {
        guard let predicate = macro.predicate else { return 0 }
        var count = 0
        for element in elements {
            try spend(macro.weight, number, program)
            locals[Int(macro.variable)] = element
            if try truth(predicate, program, activation) { count += 1 }
        }
        return count
    }

    private mutating func collect<A: Activation>(
        _ macro: Program.Macro, _ elements: [Value], _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> [Value] {
        var out: [Value] = []
        for element in elements {
            try spend(macro.weight, number, program)
            locals[Int(macro.variable)] = element
            if let predicate = macro.predicate, try !truth(predicate, program, activation) { continue }
            if let transform = macro.transform {
                out.append(try value(transform, program, activation))
            } else {
                out.append(element)
            }
        }
        return out
    }
}
