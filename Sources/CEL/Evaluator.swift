/// Runs programs. `&&` and `||` absorb errors as the specification says: `false && error` is false either way round, and an error
/// remains only where no operand decides. The work of loops is counted, and ends with an error at `Limits.cost`.
///
/// The functions that call each other are kept small, so that the deepest expression fits on a small stack.
struct Evaluator {
    /// The variables of the macros around the place that runs.
    var locals: [Value] = []
    var cost = 0
    /// What `cost` may come to.
    var limit = Limits.cost
    /// The cost limit was passed: no operator absorbs that.
    var isExhausted = false
    /// What `cel.bind` could not work out, by variable: an error where the name is used.
    var failures: [Int32: EvaluationError]?

    static func evaluate(
        _ program: Program, _ entry: Int32, _ activation: some Activation, limit: Int = Limits.cost
    ) throws(EvaluationError) -> Value {
        var evaluator = Evaluator(limit: limit)
        let value = try evaluator.value(entry, program, activation)
        if evaluator.isExhausted { throw evaluator.exhausted(program.spans[Int(entry)]) }
        // What shares its parts may be far larger than the work that made it: whoever prints it must not pay for that.
        try evaluator.chargeWhole(value, entry, program)
        return value
    }

    static func matches(_ program: Program, _ entry: Int32, _ activation: some Activation) throws(EvaluationError) -> Bool {
        var evaluator = Evaluator()
        let value = try evaluator.truth(entry, program, activation)
        if evaluator.isExhausted { throw evaluator.exhausted(program.spans[Int(entry)]) }
        return value
    }

    private func exhausted(_ span: Span) -> EvaluationError {
        EvaluationError(message: "the expression takes too long: more than \(limit) steps", span: span)
    }

    // MARK: - Conditions

    /// The value of a part that must be true or false.
    mutating func truth<A: Activation>(_ number: Int32, _ program: Program, _ activation: A) throws(EvaluationError) -> Bool {
        switch program.operations[Int(number)] {
        case .slotIsText(let slot, let text, let isNegated):
            return activation.isText(slot: Int(slot), program.texts[Int(text)]) != isNegated
        case .slotInTexts(let slot, let texts):
            return activation.isText(slot: Int(slot), among: program.textLists[Int(texts)])
        case .slotOrder(let slot, let builtin, let literal):
            return try Self.slotOrder(Int(slot), builtin, Int(literal), program, activation, number)
        case .and(let first, let count):
            return try all(first, count, program, activation)
        case .or(let first, let count):
            return try any(first, count, program, activation)
        case .not(let operand):
            return try !truth(operand, program, activation)
        case .hasSlots(let first, let count):
            return Self.hasSlots(first, count, program, activation)
        default:
            return try truthOfValue(number, program, activation)
        }
    }

    private mutating func truthOfValue<A: Activation>(
        _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Bool {
        guard case .bool(let value) = try value(number, program, activation) else {
            throw EvaluationError(message: "this is neither true nor false", span: program.spans[Int(number)])
        }
        return value
    }

    private mutating func all<A: Activation>(
        _ first: Int32, _ count: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Bool {
        var failure: EvaluationError?
        for place in Int(first)..<Int(first + count) {
            do throws(EvaluationError) {
                if try !truth(program.operands[place], program, activation) { return false }
            } catch {
                cost += Limits.errorCost
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
        return true
    }

    private mutating func any<A: Activation>(
        _ first: Int32, _ count: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Bool {
        var failure: EvaluationError?
        for place in Int(first)..<Int(first + count) {
            do throws(EvaluationError) {
                if try truth(program.operands[place], program, activation) { return true }
            } catch {
                cost += Limits.errorCost
                if failure == nil { failure = error }
            }
        }
        if let failure { throw failure }
        return false
    }

    private static func slotOrder(
        _ slot: Int, _ builtin: Builtin, _ literal: Int, _ program: Program, _ activation: some Activation, _ number: Int32
    ) throws(EvaluationError) -> Bool {
        if case .double(let b) = program.constants[literal], let a = activation.double(slot: slot) {
            return Functions.holds(builtin, a < b ? .less : a > b ? .greater : a == b ? .equal : nil)
        }
        let value = activation.value(slot: slot) ?? .int(0)
        let order: Comparison.Order?
        switch (value, program.constants[literal]) {
        case (.double(let a), .double(let b)): order = a < b ? .less : a > b ? .greater : a == b ? .equal : nil
        case (.int(let a), .int(let b)): order = a < b ? .less : a == b ? .equal : .greater
        case (let a, let b):
            // A caller's slot may hold something else than its type says.
            guard Comparison.comparable(a, b) else { return try Functions.compareOther(builtin, program.spans[Int(number)]) }
            order = Comparison.order(a, b)
        }
        return Functions.holds(builtin, order)
    }

    private static func hasSlots(_ first: Int32, _ count: Int32, _ program: Program, _ activation: some Activation) -> Bool {
        for place in Int(first)..<Int(first + count) where activation.value(slot: Int(program.operands[place])) != nil { return true }
        return false
    }

    // MARK: - Values

    mutating func value<A: Activation>(_ number: Int32, _ program: Program, _ activation: A) throws(EvaluationError) -> Value {
        switch program.operations[Int(number)] {
        case .constant(let constant):
            return program.constants[Int(constant)]
        case .slot(let slot, let zero):
            return activation.value(slot: Int(slot)) ?? program.constants[Int(zero)]
        case .local(let variable):
            if let failure = failures?[variable] { throw failure }
            return locals[Int(variable)]
        case .slotIsText, .slotInTexts, .slotOrder, .and, .or, .not, .hasSlots:
            return .bool(try truth(number, program, activation))
        case .conditional(let test, let yes, let no):
            return try value(truth(test, program, activation) ? yes : no, program, activation)
        case .unary(let builtin, let operand):
            return try unary(builtin, operand, number, program, activation)
        case .binary(let builtin, let left, let right):
            return try binary(builtin, left, right, number, program, activation)
        default:
            return try rareValue(number, program, activation)
        }
    }

    private mutating func rareValue<A: Activation>(
        _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        switch program.operations[Int(number)] {
        case .definition(let index): return try definition(Int(index), number, program, activation)
        case .matches(let operand, let pattern): return try matches(operand, Int(pattern), number, program, activation)
        case .callerFunction(let function, let first, let count):
            return try callerFunction(Int(function), first, count, number, program, activation)
        case .select(let operand, let field, let zero): return try select(operand, field, zero, number, program, activation)
        case .hasKey(let operand, let field): return try hasKey(operand, field, number, program, activation)
        case .index(let operand, let key): return try index(operand, key, number, program, activation)
        case .list(let first, let count): return .list(try values(first, count, program, activation))
        case .map(let first, let count): return try map(first, count, number, program, activation)
        case .sparseList(let first, let count): return try sparseList(first, count, program, activation)
        case .library(let builtin, let first, let count): return try library(builtin, first, count, number, program, activation)
        case .bind(let variable, let bound, let body): return try bind(variable, bound, body, program, activation)
        case .macro(let macro): return try self.macro(program.macros[Int(macro)], number, program, activation)
        case .failure(let name): throw EvaluationError(message: program.names[Int(name)], span: program.spans[Int(number)])
        default: throw EvaluationError(message: "this cannot be evaluated", span: program.spans[Int(number)])
        }
    }

    private mutating func unary<A: Activation>(
        _ builtin: Builtin, _ operand: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let argument = try value(operand, program, activation)
        try charge(argument, number, program)
        if builtin.isConversion { try spend(Limits.conversionCost, number, program) }
        do throws(OperationError) {
            return try Functions.apply(builtin, argument)
        } catch {
            throw EvaluationError(message: error.message, span: program.spans[Int(number)])
        }
    }

    private mutating func binary<A: Activation>(
        _ builtin: Builtin, _ left: Int32, _ right: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let first = try value(left, program, activation)
        let second = try value(right, program, activation)
        try charge(builtin, first, second, number, program)
        do throws(OperationError) {
            switch builtin {
            case .matches:
                return .bool(try match(first, second))
            case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes,
                .getSeconds, .getMilliseconds:
                cost += Limits.conversionCost
                return try TimeFunctions.field(builtin, first, zone: second, activation)
            default:
                return try Functions.apply(builtin, first, second)
            }
        } catch {
            throw EvaluationError(message: error.message, span: program.spans[Int(number)])
        }
    }

    private mutating func definition<A: Activation>(
        _ index: Int, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let definition = program.definitions[index]
        let outer = (locals, failures)
        (locals, failures) = ([], nil)
        defer { (locals, failures) = outer }
        do throws(EvaluationError) {
            return try value(definition.expression.entry, definition.expression.program, activation)
        } catch {
            throw EvaluationError(message: "in '\(definition.name)': \(error.message)", span: program.spans[Int(number)])
        }
    }

    private mutating func matches<A: Activation>(
        _ operand: Int32, _ pattern: Int, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let argument = try value(operand, program, activation)
        guard case .string(let text) = argument else {
            throw EvaluationError(
                message: OperationError.noOverload(.matches, [argument, .string("")]).message, span: program.spans[Int(number)])
        }
        do throws(OperationError) {
            return .bool(try run(program.patterns[pattern], on: text))
        } catch {
            throw EvaluationError(message: error.message, span: program.spans[Int(number)])
        }
    }

    /// `matches` with a pattern that is only known now.
    private mutating func match(_ text: Value, _ pattern: Value) throws(OperationError) -> Bool {
        guard case .string(let text) = text, case .string(let source) = pattern else {
            throw OperationError.noOverload(.matches, [text, pattern])
        }
        let compiled: Pattern
        cost += Limits.patternCost + source.utf8.count
        do throws(PatternError) {
            compiled = try Pattern(source)
        } catch {
            throw OperationError(message: "the pattern is wrong: \(error.message)")
        }
        cost += compiled.instructions.count * 4
        return try run(compiled, on: text)
    }

    private mutating func run(_ pattern: Pattern, on text: String) throws(OperationError) -> Bool {
        var steps = 0
        let answer = pattern.matches(text, steps: &steps, limit: max(0, limit - cost) * 4)
        cost += steps / 4
        guard let answer else {
            isExhausted = true
            throw OperationError(message: "the pattern takes too long on this text")
        }
        return answer
    }

    private mutating func callerFunction<A: Activation>(
        _ function: Int, _ first: Int32, _ count: Int32, _ number: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> Value {
        let arguments = try values(first, count, program, activation)
        for argument in arguments { try chargeWhole(argument, number, program) }
        do throws(EvaluationError) {
            return try activation.call(function: function, arguments: arguments)
        } catch {
            throw EvaluationError(message: error.message, span: program.spans[Int(number)])
        }
    }

    mutating func values<A: Activation>(
        _ first: Int32, _ count: Int32, _ program: Program, _ activation: A
    ) throws(EvaluationError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(Int(count))
        for place in Int(first)..<Int(first + count) { values.append(try value(program.operands[place], program, activation)) }
        return values
    }

    // MARK: - Cost

    /// Counts what it takes to copy or compare a value of some size.
    mutating func charge(_ value: Value, _ number: Int32, _ program: Program) throws(EvaluationError) {
        // The largest strings and lists alone are worth a step.
        let size: Int
        switch value {
        case .string(let text): size = text.utf8.count / 16
        case .bytes(let bytes): size = bytes.count / 16
        case .list(let values): size = values.count / 2
        case .map(let entries): size = entries.count / 2
        default: return
        }
        if size > 0 { try spend(size, number, program) }
    }

    /// What an operator with two operands costs; equality and `in` look into the last corner of a value.
    private mutating func charge(
        _ builtin: Builtin, _ first: Value, _ second: Value, _ number: Int32, _ program: Program
    ) throws(EvaluationError) {
        switch builtin {
        case .equal, .notEqual, .in:
            try chargeWhole(first, number, program)
            try chargeWhole(second, number, program)
        default:
            try charge(first, number, program)
            try charge(second, number, program)
        }
    }

    /// Counts every part of a value, as often as it stands in it: lists may share their parts, and a value of a thousand
    /// parts stand for one of a billion.
    mutating func chargeWhole(_ value: Value, _ number: Int32, _ program: Program) throws(EvaluationError) {
        var left = limit - cost
        weigh(value, &left)
        try spend(limit - cost - left, number, program)
    }

    private func weigh(_ value: Value, _ left: inout Int) {
        switch value {
        case .string(let text): left -= text.utf8.count / 16
        case .bytes(let bytes): left -= bytes.count / 16
        case .list(let values):
            left -= values.count / 2
            for value in values where left >= 0 { weigh(value, &left) }
        case .map(let entries):
            left -= entries.count / 2
            for (key, value) in entries where left >= 0 {
                weigh(key, &left)
                weigh(value, &left)
            }
        case .optional(let inner?): weigh(inner, &left)
        default: break
        }
    }

    mutating func spend(_ amount: Int, _ number: Int32, _ program: Program) throws(EvaluationError) {
        cost += amount
        guard cost > limit else { return }
        isExhausted = true
        throw exhausted(program.spans[Int(number)])
    }
}
