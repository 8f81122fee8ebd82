/// Why an input is not taken: what is wrong, where, and what to do. Becomes the `reason` of a receipt, or of a `.reason` file.
package struct InputFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: FaultCode
    /// What is wrong.
    package var message: String
    /// What to do.
    package var suggestion: String?
    /// From 1; in a file of many, the file's line.
    package var line: Int
    /// From 1, in Unicode scalars.
    package var column: Int
    /// `place.lat`; in a table the column's name; empty where the whole input is meant.
    package var path: String
    /// The input's `id` and `source`, as far as they could still be read, so that its sender finds it again.
    package var id: String?
    package var source: SourceID?

    package init(
        code: FaultCode, message: String, suggestion: String? = nil, line: Int = 1, column: Int = 1, path: String = "", id: String? = nil,
        source: SourceID? = nil
    ) {
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.line = line
        self.column = column
        self.path = path
        self.id = id
        self.source = source
    }

    package init(_ fault: JSONFault) {
        self.init(
            code: fault.code, message: fault.message, suggestion: fault.suggestion, line: fault.line, column: fault.column, path: fault.path)
    }

    /// `line 1, column 57: 'reported_at': 2026-02-30 is not a date that exists; write 2026-02-28T08:15:00+08:00`
    package var description: String { faultText(line: line, column: column, path: path, message: message, suggestion: suggestion) }
}

/// The kinds of input there are.
package enum InputKind: String, Hashable, Sendable, CaseIterable {
    case report, progress, crew, customer
    case kase = "case"
    case outage, contractor, reading
    /// Our own, in the log alone: not taken in.
    case recovered

    package var isTakenIn: Bool {
        switch self {
        case .report, .progress, .crew, .customer, .kase, .outage, .contractor, .reading: true
        case .recovered: false
        }
    }

    /// Made by the daemon itself: the log has it, and no door takes it in.
    package var isOurOwn: Bool { self == .recovered }
}

/// Limits of one input.
package enum InputLimits {
    /// Ids, codes and names, in Unicode scalars; not empty, no control characters, no line ends.
    package static let idScalarsMax = 200
    /// Descriptions, addresses, notes and other free texts, in Unicode scalars; no zero characters.
    package static let textScalarsMax = 10_000
    /// Keys of `fields` and `facts`.
    package static let fieldsMax = 256
    /// More than any utility has.
    package static let customersOutMax: Int64 = 1_000_000_000
}

/// The wording of what the decoder refuses beyond JSON itself.
extension JSONReader {
    @inline(never) func missing(_ key: String, of kind: String, at offset: Int, _ suggestion: String? = nil) -> JSONStop {
        JSONStop(
            code: .missing, offset: offset, message: "\(kind) needs '\(key)', but it is missing", suggestion: suggestion ?? "add \"\(key)\"", member: key)
    }

    @inline(never) func emptyID(at offset: Int) -> JSONStop {
        JSONStop(code: .empty, offset: offset, message: "this must not be empty", suggestion: "give it a value, or leave the key out where it is optional")
    }

    @inline(never) func tooLong(_ count: Int, max: Int, at offset: Int) -> JSONStop {
        JSONStop(code: .tooLong, offset: offset, message: "\(count) characters are too many", suggestion: "at most \(max) are taken")
    }

    @inline(never) func control(_ scalar: Unicode.Scalar, at offset: Int) -> JSONStop {
        let name =
            switch scalar.value {
            case 0x0A, 0x0D, 0x2028, 0x2029: "a line end"
            case 0x09: "a tab"
            default: "the control character U+" + String(repeating: "0", count: 4 - String(scalar.value, radix: 16).count) + String(scalar.value, radix: 16, uppercase: true)
            }
        return JSONStop(code: .controlCharacter, offset: offset, message: "\(name) stands in it", suggestion: "take it out")
    }

    @inline(never) func unknownValue(_ what: String, _ found: String, among names: [String], at offset: Int) -> JSONStop {
        let near = nearestName(to: found, among: names)
        return JSONStop(
            code: .unknownValue, offset: offset, message: "there is no \(what) '\(clipped(found, to: 40))'",
            suggestion: near.map { "did you mean '\($0)'?" } ?? "one of " + names.joined(separator: ", "))
    }

    @inline(never) func notTakenIn(_ kind: InputKind, at offset: Int) -> JSONStop {
        JSONStop(
            code: .notTakenIn, offset: offset,
            message: kind.isOurOwn ? "the kind '\(kind.rawValue)' is paidan's own and can't be sent" : "the kind '\(kind.rawValue)' is not taken in by this version",
            suggestion: "send " + InputKind.allCases.filter(\.isTakenIn).map(\.rawValue).joined(separator: ", "))
    }

    @inline(never) func misspelt(_ found: String, meant: String, at offset: Int) -> JSONStop {
        JSONStop(
            code: .unknownKey, offset: offset, message: "there is no key '\(clipped(found, to: 40))'", suggestion: "did you mean '\(meant)'?",
            member: found)
    }

    @inline(never) func notATime(_ fault: TimeFault, at offset: Int) -> JSONStop {
        JSONStop(code: .notATime, offset: offset, message: fault.message, suggestion: fault.suggestion)
    }

    @inline(never) func notAValue(_ found: String, at offset: Int) -> JSONStop {
        JSONStop(
            code: .wrongType, offset: offset, message: "'\(clipped(found, to: 40))' is no value of a reading: a finite number, or true or false for a flag, is wanted",
            suggestion: "leave a reading out that has no value")
    }

    @inline(never) func notATask(_ found: String, at offset: Int) -> JSONStop {
        JSONStop(
            code: .unknownValue, offset: offset, message: "'\(clipped(found, to: 40))' is not a task's number", suggestion: "write it like T-20261122-17")
    }

    @inline(never) func outOfRange(_ message: String, _ suggestion: String, at offset: Int) -> JSONStop {
        JSONStop(code: .outOfRange, offset: offset, message: message, suggestion: suggestion)
    }

    @inline(never) func inconsistent(_ message: String, _ suggestion: String?, at offset: Int) -> JSONStop {
        JSONStop(code: .inconsistent, offset: offset, message: message, suggestion: suggestion)
    }
}
