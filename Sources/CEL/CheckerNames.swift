/// Names and fields: what an identifier or a dotted path stands for.
///
/// Order: the variables of macros, then for each container from the innermost outwards and for the longest dotted prefix first the
/// schema's variables, its definitions, and the names of types. A path that begins with a dot starts at the outermost container.
extension Checker {
    /// What a path leads to: a group of fields, which is a value only where it has a slot, or a value.
    private enum Place {
        /// `isOptional`: it was reached by `.?`, so its fields are optional values.
        case group(object: String, path: String, slot: Int?, Span, isOptional: Bool)
        case value(CheckedNode)
    }

    mutating func checkPath(_ node: SyntaxNode) -> CheckedNode {
        value(of: place(node))
    }

    private mutating func value(of place: Place) -> CheckedNode {
        switch place {
        case .value(let node):
            return node
        case .group(let object, let path, let slot?, let span, let isOptional):
            return read(slot: slot, path: path, type: .object(object), span, isOptional: isOptional)
        case .group(let object, let path, nil, let span, _):
            let example = schema.objects[object]?.keys.min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            return fail(Wording.groupIsNoValue(span, path: path, example: example))
        }
    }

    /// A field's value; as an optional one `has(field) ? optional.of(field) : optional.none()`.
    private mutating func read(slot: Int, path: String, type: StaticType, _ span: Span, isOptional: Bool) -> CheckedNode {
        noteRead(Expression.Read(name: path, slot: slot, span: span))
        let node = CheckedNode(.slot(slot, name: path), span, type)
        guard isOptional else { return node }
        return CheckedNode(
            .conditional(
                CheckedNode(.hasSlots([slot], name: path), span, .bool),
                CheckedNode(.call(.optionalOf, [node]), span, .optional(type)),
                CheckedNode(.constant(.optional(nil)), span, .optional(type))), span, .optional(type))
    }

    private mutating func noteRead(_ read: Expression.Read) {
        if !reads.contains(where: { $0.slot == read.slot && $0.name == read.name }) { reads.append(read) }
    }

    private struct Segment {
        var name: String
        var span: Span
    }

    /// A pure chain of names `a.b.c`, outermost name first; nil when something else stands at its root.
    private func chain(_ node: SyntaxNode) -> (segments: [Segment], absolute: Bool)? {
        var segments: [Segment] = []
        var node = node
        while true {
            switch node.kind {
            case .select(let operand, let field, let fieldSpan):
                segments.append(Segment(name: field, span: fieldSpan))
                node = operand
            case .name(let name, let absolute):
                segments.append(Segment(name: name, span: node.span))
                segments.reverse()
                return (segments, absolute)
            default:
                return nil
            }
        }
    }

    private mutating func place(_ node: SyntaxNode) -> Place {
        if let (segments, absolute) = chain(node) { return place(segments, absolute: absolute) }
        // The root is not a name: at most as many levels as the tree is high.
        switch node.kind {
        case .select(let operand, let field, let fieldSpan): return select(field, fieldSpan, from: place(operand), isOptional: false)
        case .optionalSelect(let operand, let field, let fieldSpan):
            return select(field, fieldSpan, from: place(operand), isOptional: true)
        default: return .value(check(node))
        }
    }

    private mutating func place(_ segments: [Segment], absolute: Bool) -> Place {
        let root = segments[0]
        var place: Place?
        var used = 1
        if !absolute, let index = locals.lastIndex(where: { $0.name == root.name }) {
            place = .value(CheckedNode(.local(index, name: root.name), root.span, locals[index].type))
        } else {
            used = segments.count
            while used > 0, place == nil {
                let name = segments.count == 1 ? root.name : segments[..<used].map(\.name).joined(separator: ".")
                place = declared(name, absolute: absolute, Span(start: root.span.start, end: segments[used - 1].span.end))
                if place == nil { used -= 1 }
            }
        }
        guard var place else { return .value(unknownName(root)) }
        for segment in segments[used...] { place = select(segment.name, segment.span, from: place, isOptional: false) }
        return place
    }

    private mutating func declared(_ name: String, absolute: Bool, _ span: Span) -> Place? {
        var container = absolute ? "" : schema.container
        while true {
            let full = container.isEmpty ? name : container + "." + name
            if let field = schema.variables[full] { return place(of: field, path: full, span) }
            if let definition = schema.definitions[full] { return .value(use(definition, named: full, span)) }
            if let (type, typeName) = StandardLibrary.types[full] {
                return .value(CheckedNode(.constant(.type(typeName)), span, .type(type)))
            }
            if container.isEmpty { return nil }
            container = container.lastIndex(of: ".").map { String(container[..<$0]) } ?? ""
        }
    }

    private mutating func use(_ definition: Expression, named name: String, _ span: Span) -> CheckedNode {
        if !definitionsUsed.contains(name) { definitionsUsed.append(name) }
        for read in definition.reads { noteRead(Expression.Read(name: read.name, slot: read.slot, span: span)) }
        return CheckedNode(.definition(name), span, definition.type)
    }

    private mutating func place(of field: Schema.Field, path: String, _ span: Span, isOptional: Bool = false) -> Place {
        if case .object(let object) = field.type {
            return .group(object: object, path: path, slot: field.slot, span, isOptional: isOptional)
        }
        guard let slot = field.slot else { return .value(fail(Wording.noSlot(span, path: path))) }
        return .value(read(slot: slot, path: path, type: field.type, span, isOptional: isOptional))
    }

    private mutating func unknownName(_ segment: Segment) -> CheckedNode {
        // Lenient expressions fail when they run, whatever the name.
        if isLenient { return fail(Wording.unknownName(segment.span, name: segment.name, suggestion: nil)) }
        var candidates = Array(schema.variables.keys) + Array(schema.definitions.keys) + locals.map(\.name)
        candidates += ["true", "false", "null"]
        let suggestion = nearest(to: segment.name, among: candidates) ?? fieldNamed(segment.name)
        return fail(Wording.unknownName(segment.span, name: segment.name, suggestion: suggestion))
    }

    /// A bare field's name (`category`): the only variable's field that is meant.
    private func fieldNamed(_ name: String) -> String? {
        var found: [String] = []
        for (variable, field) in schema.variables {
            if case .object(let object) = field.type, schema.objects[object]?[name] != nil { found.append("\(variable).\(name)") }
        }
        return found.min { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }

    /// The suggestion for a name; none once there are more mistakes than are told.
    func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        diagnostics.count < Limits.diagnostics ? Suggestion.nearest(to: name, among: candidates) : nil
    }

    private mutating func select(_ field: String, _ fieldSpan: Span, from place: Place, isOptional: Bool) -> Place {
        switch place {
        case .group(let object, let path, _, let span, let wasOptional):
            let whole = Span(start: span.start, end: fieldSpan.end)
            guard let declared = schema.objects[object]?[field] else {
                return .value(fail(unknownField(field, fieldSpan, of: object, path: path)))
            }
            return self.place(of: declared, path: path + "." + field, whole, isOptional: isOptional || wasOptional)
        case .value(let operand):
            return .value(select(field, fieldSpan, ofValue: operand, isOptional: isOptional))
        }
    }

    private func unknownField(_ field: String, _ span: Span, of object: String, path: String) -> ExpressionDiagnostic {
        let fields = schema.objects[object] ?? [:]
        var suggestion = nearest(to: field, among: fields.keys)
        if suggestion == nil {
            // Perhaps it stands one level deeper: report.district -> place.district.
            suggestion =
                fields.compactMap { (name: String, inner: Schema.Field) -> String? in
                    guard case .object(let object) = inner.type, schema.objects[object]?[field] != nil else { return nil }
                    return name + "." + field
                }.min()
        }
        return Wording.unknownField(span, field: field, of: path, suggestion: suggestion)
    }

    private mutating func select(_ field: String, _ fieldSpan: Span, ofValue operand: CheckedNode, isOptional: Bool) -> CheckedNode {
        let span = Span(start: operand.span.start, end: fieldSpan.end)
        func node(_ type: StaticType, zero: Value? = nil) -> CheckedNode {
            guard isOptional else { return CheckedNode(.select(operand, field: field, zero: zero), span, type) }
            let name = CheckedNode(.constant(.string(field)), fieldSpan, .string)
            return CheckedNode(.call(.optionalSelect, [operand, name]), span, type)
        }
        if isLenient { return node(.dyn) }
        switch self.field(field, fieldSpan, of: operand.type) {
        case .wrong(let diagnostic): return fail(diagnostic)
        case .type(let type, let zero):
            let isAlready = unifier.resolve(operand.type).optionalContent != nil
            return node(isOptional && !isAlready && type != .error ? .optional(type) : type, zero: zero)
        }
    }

    /// The type of a field of a value, and what it is worth when it is absent.
    private mutating func field(_ field: String, _ fieldSpan: Span, of type: StaticType) -> Lookup {
        switch unifier.resolve(type) {
        case .map(let key, let value):
            // Keys of another type are no mistake here, as in the reference: the field is then absent.
            _ = unifier.unify(key, .string)
            return .type(value)
        case .object(let object):
            guard let declared = schema.objects[object]?[field] else {
                return .wrong(unknownField(field, fieldSpan, of: object, path: object))
            }
            return .type(declared.type, zero: .zero(of: declared.type))
        case .abstract("optional_type", let inner) where inner.count == 1:
            let found = self.field(field, fieldSpan, of: inner[0])
            if case .type(let type, _) = found { return .type(.optional(type)) }
            return found
        case .dyn, .parameter: return .type(.dyn)
        case .error: return .type(.error)
        case let other: return .wrong(Wording.noFields(fieldSpan, field: field, type: unifier.final(other)))
        }
    }

    // MARK: - has()

    mutating func checkHas(_ operand: SyntaxNode, _ field: String, _ fieldSpan: Span, _ span: Span) -> CheckedNode {
        let path = SyntaxNode(
            kind: .select(operand, field: field, fieldSpan: fieldSpan), span: Span(start: operand.span.start, end: fieldSpan.end),
            height: operand.height + 1)
        switch place(path) {
        case .group(let object, let name, let slot, let groupSpan, _):
            // A group is there when one of its fields is, also where the whole of it is a value.
            var fields = slots(of: object, path: name)
            if fields.isEmpty, let slot { fields = [(name, slot)] }
            for (path, slot) in fields { noteRead(Expression.Read(name: path, slot: slot, span: groupSpan)) }
            return CheckedNode(.hasSlots(fields.map(\.slot), name: name), span, .bool)
        case .value(let node):
            switch node.kind {
            case .slot(let slot, let name): return CheckedNode(.hasSlots([slot], name: name), span, .bool)
            case .select(let inner, let field, _): return CheckedNode(.hasKey(inner, field: field), span, .bool)
            case .conditional(let test, _, _) where node.type.optionalContent != nil: return CheckedNode(test.kind, span, .bool)
            case .failure: return CheckedNode(node.kind, span, isLenient ? .dyn : .error)
            default: return fail(Wording.hasNeedsField(node.span))
            }
        }
    }

    /// Every slot below a group of fields, by name.
    private func slots(of object: String, path: String) -> [(path: String, slot: Int)] {
        var found: [(path: String, slot: Int)] = []
        // Objects may name each other in a circle: no deeper than makes sense.
        var pending = [(object, path, 0)]
        while let (object, path, depth) = pending.popLast() {
            for (name, field) in (schema.objects[object] ?? [:]).sorted(by: { $0.key < $1.key }) {
                if let slot = field.slot {
                    found.append((path + "." + name, slot))
                } else if case .object(let inner) = field.type, depth < 8 {
                    pending.append((inner, path + "." + name, depth + 1))
                }
            }
        }
        return found
    }

    // MARK: - Enumerations

    /// Where `typed` is of an enumeration (or a list of one): every text literal in `node` must be a declared value, or empty.
    mutating func checkDeclared(_ typed: CheckedNode, _ node: CheckedNode) {
        let name: String?
        switch unifier.resolve(typed.type) {
        case .map(let key, _): name = unifier.resolve(key).enumerationName
        case let type: name = type.enumerationName
        }
        guard !isLenient, let name, let values = schema.enumerations[name] else { return }
        checkDeclared(node, name: name, values: values)
    }

    private mutating func checkDeclared(_ node: CheckedNode, name: String, values: [String]) {
        switch node.kind {
        case .constant(.string(let text)):
            if text.isEmpty || values.contains(where: { sameText($0, text) }) { return }
            let suggestion = nearest(to: text, among: values)
            diagnostics.append(Wording.unknownValue(node.span, value: text, of: name, values: values, suggestion: suggestion))
        case .list(let entries):
            for entry in entries { checkDeclared(entry, name: name, values: values) }
        case .call(.add, let parts) where unifier.final(node.type) == .list(.string):
            for part in parts { checkDeclared(part, name: name, values: values) }
        case .map(let entries):
            for entry in entries { checkDeclared(entry.key, name: name, values: values) }
        case .conditional(_, let yes, let no):
            checkDeclared(yes, name: name, values: values)
            checkDeclared(no, name: name, values: values)
        default:
            break
        }
    }
}
