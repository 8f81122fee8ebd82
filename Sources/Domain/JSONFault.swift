/// What kind of fault an input or a JSON text has: for counters and tests; the message is for people.
package enum FaultCode: String, Hashable, Sendable, CaseIterable {
    /// Not JSON, or not CSV.
    case syntax
    /// Ends in the middle: half-written.
    case truncated
    case notUTF8 = "not-utf8"
    case tooLong = "too-long"
    case tooDeep = "too-deep"
    case tooMany = "too-many"
    case duplicateKey = "duplicate-key"
    case unknownKey = "unknown-key"
    case missing
    case empty
    case wrongType = "wrong-type"
    /// A kind, an event or a priority that does not exist.
    case unknownValue = "unknown-value"
    /// A kind that exists, but not in this version.
    case notTakenIn = "not-taken-in"
    case outOfRange = "out-of-range"
    /// A date or a time that does not exist, or is not one.
    case notATime = "not-a-time"
    case controlCharacter = "control-character"
    /// Parts that don't go together.
    case inconsistent
}

/// Why a text is not JSON, and where.
package struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: FaultCode
    package var message: String
    package var suggestion: String?
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars (code points), so that Chinese text counts one a character.
    package var column: Int
    /// `place.lat`, `reports[3].id`; empty at the top.
    package var path: String

    /// `line 1, column 57: 'place.lat': MESSAGE; SUGGESTION`
    package var description: String { faultText(line: line, column: column, path: path, message: message, suggestion: suggestion) }

    init(_ stop: JSONStop, in bytes: UnsafeBufferPointer<UInt8>, firstLine: Int) {
        let position = JSONPosition(offset: stop.offset, in: bytes, firstLine: firstLine)
        self.init(
            code: stop.code, message: stop.message, suggestion: stop.suggestion, line: position.line, column: position.column,
            path: position.path(with: stop.member))
    }

    package init(code: FaultCode, message: String, suggestion: String?, line: Int, column: Int, path: String) {
        self.code = code
        self.message = message
        self.suggestion = suggestion
        self.line = line
        self.column = column
        self.path = path
    }
}

func faultText(line: Int, column: Int, path: String, message: String, suggestion: String?) -> String {
    "line \(line), column \(column): " + (path.isEmpty ? "" : "'\(path)': ") + message + (suggestion.map { "; " + $0 } ?? "")
}

/// Line, column and path of a byte, found by walking the text before it once more. That text was read already, so it is well formed.
struct JSONPosition {
    private(set) var line: Int
    private(set) var column = 1
    private var frames: [Frame] = []

    private enum Frame {
        case key(String?)
        case index(Int)
    }

    init(offset: Int, in bytes: UnsafeBufferPointer<UInt8>, firstLine: Int) {
        line = firstLine
        let end = min(offset, bytes.count)
        var lineStart = 0
        for i in 0..<end where bytes[i] == 0x0A {
            line += 1
            lineStart = i + 1
        }
        if lineStart == 0, end >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { lineStart = 3 }
        for i in lineStart..<max(end, lineStart) where bytes[i] & 0xC0 != 0x80 { column += 1 }

        var i = 0
        while i < end {
            switch bytes[i] {
            case 0x7B: frames.append(.key(nil))
            case 0x5B: frames.append(.index(0))
            case 0x7D, 0x5D: _ = frames.popLast()
            case 0x2C:
                switch frames.last {
                case .key: frames[frames.count - 1] = .key(nil)
                case .index(let n): frames[frames.count - 1] = .index(n + 1)
                case nil: break
                }
            case 0x22:
                let start = i + 1
                i = start
                while i < end, bytes[i] != 0x22 { i += bytes[i] == 0x5C ? 2 : 1 }
                if i < end, case .key(nil) = frames.last {
                    frames[frames.count - 1] = .key(String(decoding: bytes[start..<i], as: UTF8.self))
                }
            default: break
            }
            i += 1
        }
    }

    func path(with member: String?) -> String {
        var path = ""
        for frame in frames {
            switch frame {
            case .key(nil): break
            case .key(let name?): path += (path.isEmpty ? "" : ".") + clipped(name, to: 40)
            case .index(let n): path += "[\(n)]"
            }
        }
        guard let member else { return path }
        return path + (path.isEmpty ? "" : ".") + clipped(member, to: 40)
    }
}
