/// Calls of standard functions and of the caller's, and what can be known of their literal arguments before anything runs.
extension Checker {
    mutating func checkCall(
        _ name: String, _ target: SyntaxNode?, _ arguments: [SyntaxNode], _ nameSpan: Span, _ span: Span
    ) -> CheckedNode {
        // `a.b.f(x)` may be the function `a.b.f` of the schema rather than the method `f` of a value.
        if let target, let prefix = qualifiedName(target), let functions = functions(named: prefix + "." + name) {
            return callCaller(prefix + "." + name, functions, arguments.map { check($0) }, nameSpan, span)
        }
        if let target, let prefix = qualifiedName(target), isLibrary(prefix) {
            return callLibrary(prefix, name, arguments.map { check($0) }, Span(start: target.span.start, end: nameSpan.end), span)
        }
        let absolute = name.hasPrefix(".")
        let bare = absolute ? String(name.dropFirst()) : name
        var checked: [CheckedNode] = []
        if let target { checked.append(check(target)) }
        for argument in arguments { checked.append(check(argument)) }

        if let standard = StandardLibrary.functions[bare] {
            let overloads = target == nil ? standard.global : standard.member
            if !overloads.isEmpty { return callStandard(standard, overloads, bare, checked, nameSpan, span, isMember: target != nil) }
        }
        if let functions = absolute ? schema.functions[bare] : functions(named: bare) {
            return callCaller(bare, functions, checked, nameSpan, span)
        }
        return unknownFunction(bare, isMember: target != nil, checked, nameSpan, span)
    }

    private func qualifiedName(_ node: SyntaxNode) -> String? {
        switch node.kind {
        case .name(let name, _): locals.contains { $0.name == name } ? nil : name
        case .select(let operand, let field, _): qualifiedName(operand).map { $0 + "." + field }
        default: nil
        }
    }

    private func functions(named name: String) -> [Schema.Function]? {
        var container = schema.container
        while true {
            if let found = schema.functions[container.isEmpty ? name : container + "." + name] { return found }
            if container.isEmpty { return nil }
            container = container.lastIndex(of: ".").map { String(container[..<$0]) } ?? ""
        }
    }

    private mutating func callStandard(
        _ function: StandardLibrary.Function, _ overloads: [StandardLibrary.Overload], _ name: String, _ arguments: [CheckedNode],
        _ nameSpan: Span, _ span: Span, isMember: Bool
    ) -> CheckedNode {
        // Unchecked, too, a call has as many arguments as one of the forms.
        guard overloads.contains(where: { $0.arguments.count == arguments.count }), let type = resolve(overloads, arguments.map(\.type)) else {
            return fail(
                Wording.wrongArguments(
                    nameSpan, name: name, given: arguments.map { unifier.final($0.type) }, takes: overloads.map(\.arguments),
                    isMember: isMember))
        }
        if !isLenient { checkLiteral(function.builtin, arguments) }
        return CheckedNode(.call(function.builtin, arguments), span, type)
    }

    /// The prefix of a library's functions, where no variable has that name.
    private func isLibrary(_ prefix: String) -> Bool {
        (prefix == "math" || prefix == "strings" || prefix == "optional" || prefix == "base64") && schema.variables[prefix] == nil
    }

    /// `math.greatest(a, b)`
    private mutating func callLibrary(
        _ prefix: String, _ name: String, _ arguments: [CheckedNode], _ nameSpan: Span, _ span: Span
    ) -> CheckedNode {
        let full = prefix + "." + name
        guard let function = StandardLibrary.functions[full] else {
            let candidates = StandardLibrary.functions.keys.filter { $0.hasPrefix(prefix + ".") }
            return fail(Wording.unknownFunction(nameSpan, name: full, suggestion: nearest(to: full, among: candidates)))
        }
        if function.builtin == .greatest || function.builtin == .least {
            return checkExtreme(function, full, arguments, nameSpan, span)
        }
        return callStandard(function, function.global, full, arguments, nameSpan, span, isMember: false)
    }

    /// `math.greatest` and `math.least`: any number of numbers of whatever types, or one list of them.
    private mutating func checkExtreme(
        _ function: StandardLibrary.Function, _ name: String, _ arguments: [CheckedNode], _ nameSpan: Span, _ span: Span
    ) -> CheckedNode {
        let call = CheckedNode.Kind.call(function.builtin, arguments)
        if isLenient { return CheckedNode(call, span, .dyn) }
        guard !arguments.isEmpty else {
            return fail(
                Wording.wrongArguments(nameSpan, name: name, given: [], takes: function.global.map(\.arguments), isMember: false))
        }
        var type: StaticType?
        for argument in arguments {
            var number = unifier.resolve(argument.type)
            if arguments.count == 1, case .list(let element) = number { number = unifier.resolve(element) }
            if case .parameter = number { number = .dyn }
            guard number.isNumber || isSilent(number) else {
                return fail(Wording.noNumber(argument.span, name: name, type: unifier.final(argument.type)))
            }
            type = type.map { $0 == number ? number : .dyn } ?? number
        }
        return CheckedNode(call, span, type ?? .dyn)
    }

    private mutating func callCaller(
        _ name: String, _ functions: [Schema.Function], _ arguments: [CheckedNode], _ nameSpan: Span, _ span: Span
    ) -> CheckedNode {
        let given = arguments.map(\.type)
        for function in functions {
            let overload = StandardLibrary.Overload(function.arguments, function.result)
            guard overload.arguments.count == given.count, let type = resolve([overload], given) else { continue }
            for (argument, expected) in zip(arguments, function.arguments) {
                checkDeclared(CheckedNode(.failure(""), argument.span, expected), argument)
            }
            return CheckedNode(.callerFunction(function.number, name: name, arguments), span, type)
        }
        return fail(
            Wording.wrongArguments(
                nameSpan, name: name, given: given.map { unifier.final($0) }, takes: functions.map(\.arguments), isMember: false))
    }

    private mutating func unknownFunction(
        _ name: String, isMember: Bool, _ arguments: [CheckedNode], _ nameSpan: Span, _ span: Span
    ) -> CheckedNode {
        let standard = StandardLibrary.functions.filter { isMember ? !$0.value.member.isEmpty : !$0.value.global.isEmpty }
        // `quote` for `strings.quote`, `ceil` for `math.ceil`.
        if !isMember, let full = StandardLibrary.functions.keys.filter({ $0.hasSuffix("." + name) }).min() {
            return fail(Wording.unknownFunction(nameSpan, name: name, suggestion: full))
        }
        var candidates = Array(standard.keys) + Array(schema.functions.keys)
        candidates += isMember ? MacroKind.allCases.map(\.rawValue) : ["has", "cel.bind"]
        if let other = StandardLibrary.functions[name] {
            return fail(Wording.wrongCallStyle(nameSpan, name: name, isMember: !other.member.isEmpty))
        }
        return fail(Wording.unknownFunction(nameSpan, name: name, suggestion: nearest(to: name, among: candidates)))
    }

    // MARK: - Literal arguments

    /// A literal time, length of time, zone or pattern that is wrong will always be wrong: said now.
    private mutating func checkLiteral(_ builtin: Builtin, _ arguments: [CheckedNode]) {
        if builtin == .format { return checkFormat(arguments) }
        guard let last = arguments.last, case .constant(.string(let text)) = last.kind else { return }
        switch builtin {
        case .duration:
            if TimeText.parseDuration(text) == nil { diagnostics.append(Wording.badDuration(last.span, text: text)) }
        case .timestamp:
            if TimeText.parseTimestamp(text) == nil { diagnostics.append(Wording.badTimestamp(last.span, text: text)) }
        case .matches:
            if patterns.states > Limits.patternStates {
                diagnostics.append(Wording.tooManyStates(last.span, states: patterns.states))
            } else if case .failure(let error) = patterns.read(text) {
                diagnostics.append(Wording.badPattern(place(of: error.place, in: last.span), error.message))
            }
        case .getFullYear, .getMonth, .getDate, .getDayOfMonth, .getDayOfWeek, .getDayOfYear, .getHours, .getMinutes, .getSeconds,
            .getMilliseconds:
            guard arguments.count == 2, TimeText.fixedOffset(text) == nil, let known = schema.timeZones, !known.contains(text) else {
                return
            }
            diagnostics.append(
                Wording.unknownZone(last.span, zone: text, suggestion: nearest(to: text, among: known)))
        default:
            break
        }
    }

    /// `"%s at %d".format([a, b])`: a clause that does not exist, and a wrong number of values.
    private mutating func checkFormat(_ arguments: [CheckedNode]) {
        guard case .constant(.string(let text)) = arguments[0].kind else { return }
        do throws(OperationError) {
            let clauses = try FormatClause.parse(text)
            let wanted = clauses.count { $0.takesValue }
            guard case .list(let values) = arguments[1].kind else { return }
            let isFixed = !values.contains { if case .maybe = $0.kind { true } else { false } }
            if isFixed, values.count < wanted {
                diagnostics.append(
                    Wording.badFormat(arguments[1].span, "the text wants \(wanted) values; the list has \(values.count)"))
            }
        } catch {
            diagnostics.append(Wording.badFormat(arguments[0].span, error.message))
        }
    }

    /// Where a stretch of a literal's value, counted in scalars, stands in the expression's text.
    private func place(of range: Range<Int>, in literal: Span) -> Span {
        var index = text.index(text.startIndex, offsetBy: literal.start)
        let scalars = text.unicodeScalars
        var isRaw = false
        // A bracketed literal: `("…")`.
        while index < scalars.endIndex, scalars[index] != "\"", scalars[index] != "'" {
            if scalars[index] == "r" || scalars[index] == "R" { isRaw = true }
            index = scalars.index(after: index)
        }
        guard index < scalars.endIndex else { return literal }
        let quote = scalars[index]
        let isTriple =
            scalars[index...].prefix(3).allSatisfy { $0 == quote } && scalars[index...].prefix(6).count > 2
            && scalars[index...].dropFirst(2).first == quote
        index = scalars.index(index, offsetBy: isTriple ? 3 : 1)
        var start = index
        var count = 0
        while count < range.upperBound, index < scalars.endIndex {
            if count == range.lowerBound { start = index }
            var width = 1
            if !isRaw, scalars[index] == "\\", let letter = scalars[index...].dropFirst().first {
                width =
                    switch letter {
                    case "x", "X", "0", "1", "2", "3": 4
                    // A pair of surrogates is one scalar.
                    case "u": Self.isSurrogatePair(scalars[index...].prefix(12)) ? 12 : 6
                    case "U": 10
                    default: 2
                    }
            }
            index = scalars.index(index, offsetBy: width, limitedBy: scalars.endIndex) ?? scalars.endIndex
            count += 1
        }
        if range.lowerBound >= count { start = index }
        let first = text[..<start].count
        return Span(start: first, end: max(first + (range.isEmpty ? 0 : 1), text[..<index].count))
    }

    /// `\ud83d\ude2c`
    private static func isSurrogatePair(_ text: Substring.UnicodeScalarView) -> Bool {
        let letters = text.map { String($0) }
        guard letters.count == 12, letters[6] == "\\", letters[7] == "u", let first = UInt16(letters[2..<6].joined(), radix: 16),
            let second = UInt16(letters[8...].joined(), radix: 16)
        else { return false }
        return first >> 10 == 0xD800 >> 10 && second >> 10 == 0xDC00 >> 10
    }
}
