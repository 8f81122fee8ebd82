/// Calls of standard functions and of the caller's, and what can be known of their literal arguments before anything runs.
extension Checker {
    mutating func checkCall(
        _ name: String, _ target: SyntaxNode?, _ arguments: [SyntaxNode], _ nameSpan: Span, _ span: Span
    ) -> CheckedNode {
        // `a.b.f(x)` may be the function `a.b.f` of the schema rather than the method `f` of a value.
        if let target, let prefix = qualifiedName(target), let functions = functions(named: prefix + "." + name) {
            return callCaller(prefix + "." + name, functions, arguments.map { check($0) }, nameSpan, span)
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
        guard let type = resolve(overloads, arguments.map(\.type)) else {
            return fail(
                Wording.wrongArguments(
                    nameSpan, name: name, given: arguments.map { unifier.final($0.type) }, takes: overloads.map(\.arguments),
                    isMember: isMember))
        }
        if !isLenient { checkLiteral(function.builtin, arguments) }
        return CheckedNode(.call(function.builtin, arguments), span, type)
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
        var candidates = Array(standard.keys) + Array(schema.functions.keys)
        candidates += isMember ? ["all", "exists", "exists_one", "map", "filter"] : ["has"]
        if let other = StandardLibrary.functions[name] {
            return fail(Wording.wrongCallStyle(nameSpan, name: name, isMember: !other.member.isEmpty))
        }
        return fail(Wording.unknownFunction(nameSpan, name: name, suggestion: nearest(to: name, among: candidates)))
    }

    // MARK: - Literal arguments

    /// A literal time, length of time, zone or pattern that is wrong will always be wrong: said now.
    private mutating func checkLiteral(_ builtin: Builtin, _ arguments: [CheckedNode]) {
        guard let last = arguments.last, case .constant(.string(let text)) = last.kind else { return }
        switch builtin {
        case .duration:
            if TimeText.parseDuration(text) == nil { diagnostics.append(Wording.badDuration(last.span, text: text)) }
        case .timestamp:
            if TimeText.parseTimestamp(text) == nil { diagnostics.append(Wording.badTimestamp(last.span, text: text)) }
        case .matches:
            do throws(PatternError) {
                _ = try Pattern(text)
            } catch {
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
                    case "u": 6
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
}
