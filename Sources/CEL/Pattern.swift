/// A pattern in RE2's syntax, compiled to an automaton that runs in time proportional to the text times the pattern, whatever both
/// say: all ways to match are followed at once, a set of states stepping through the text.
///
/// `matches` asks whether any part of a text matches; captures are read but not kept. Not in RE2 and hence refused: references
/// back, looking ahead or behind. Refused here though RE2 has it: `\C` (a single byte) and scripts other than those of
/// `ScalarSet.scripts`.
struct Pattern: Sendable {
    /// A state of the automaton.
    enum Instruction: Sendable {
        /// Steps over one scalar of a set.
        case scalar(set: Int32, next: Int32)
        case split(Int32, Int32)
        case assert(Assertion, next: Int32)
        case match
    }

    enum Assertion: UInt8, Sendable {
        case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
    }

    let instructions: [Instruction]
    let sets: [ScalarSet]
    private let start: Int32
    /// Every match begins at the start of the text.
    private let isAnchored: Bool

    /// Reads a pattern. Throws what is wrong and where in it.
    init(_ text: String) throws(PatternError) {
        var parser = PatternParser(text)
        let tree = try parser.parse()
        var builder = PatternBuilder(limitPlace: 0..<text.unicodeScalars.count)
        let end = try builder.emit(.match)
        start = try builder.build(tree, next: end)
        instructions = builder.instructions
        sets = builder.sets
        if case .assert(.textStart, _) = builder.instructions[Int(start)] { isAnchored = true } else { isAnchored = false }
    }

    /// Whether a part of the text matches. `steps` grows by the states visited; when it passes `limit`, the answer is nil.
    func matches(_ text: String, steps: inout Int, limit: Int) -> Bool? {
        var text = text
        return text.withUTF8 { bytes in run(bytes, steps: &steps, limit: limit) }
    }

    private func run(_ bytes: UnsafeBufferPointer<UInt8>, steps: inout Int, limit: Int) -> Bool? {
        let count = instructions.count
        return instructions.withUnsafeBufferPointer { program in
            sets.withUnsafeBufferPointer { sets in
                // The states of this place and the next, the marks of those already there, and the states still to follow.
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 5 + 1) { space in
                    let marks = UnsafeMutableBufferPointer(rebasing: space[..<count])
                    marks.initialize(repeating: -1)
                    var simulation = Simulation(
                        program: program, bytes: bytes, marks: marks,
                        pending: UnsafeMutableBufferPointer(rebasing: space[(3 * count)...]))
                    var current = StateList(UnsafeMutableBufferPointer(rebasing: space[count..<2 * count]))
                    var following = StateList(UnsafeMutableBufferPointer(rebasing: space[2 * count..<3 * count]))
                    var position = 0
                    var place: Int32 = 0
                    while true {
                        if (!isAnchored || position == 0) && simulation.follow(start, at: position, place: place, into: &current) {
                            return true
                        }
                        if position == bytes.count || (current.count == 0 && isAnchored) { return false }
                        steps += current.count + 1
                        if steps > limit { return nil }
                        let (scalar, width) = decodeScalar(bytes, position)
                        position += width
                        place += 1
                        following.count = 0
                        for index in 0..<current.count {
                            guard case .scalar(let set, let next) = program[Int(current.states[index])] else { continue }
                            if sets[Int(set)].contains(scalar),
                                simulation.follow(next, at: position, place: place, into: &following)
                            {
                                return true
                            }
                        }
                        swap(&current, &following)
                    }
                }
            }
        }
    }

    private struct StateList {
        let states: UnsafeMutableBufferPointer<Int32>
        var count = 0
        init(_ states: UnsafeMutableBufferPointer<Int32>) { self.states = states }
    }

    private struct Simulation {
        let program: UnsafeBufferPointer<Instruction>
        let bytes: UnsafeBufferPointer<UInt8>
        /// For each state the number of the place in the text at which it was last added.
        let marks: UnsafeMutableBufferPointer<Int32>
        let pending: UnsafeMutableBufferPointer<Int32>

        /// Adds a state and all that it leads to without reading; true when that is the match.
        mutating func follow(_ state: Int32, at position: Int, place: Int32, into list: inout StateList) -> Bool {
            pending[0] = state
            var height = 1
            while height > 0 {
                height -= 1
                let state = pending[height]
                if marks[Int(state)] == place { continue }
                marks[Int(state)] = place
                switch program[Int(state)] {
                case .match:
                    return true
                case .scalar:
                    list.states[list.count] = state
                    list.count += 1
                case .split(let first, let second):
                    pending[height] = second
                    pending[height + 1] = first
                    height += 2
                case .assert(let assertion, let next):
                    if holds(assertion, at: position) {
                        pending[height] = next
                        height += 1
                    }
                }
            }
            return false
        }

        private func holds(_ assertion: Assertion, at position: Int) -> Bool {
            switch assertion {
            case .textStart: position == 0
            case .textEnd: position == bytes.count
            case .lineStart: position == 0 || bytes[position - 1] == 0x0A
            case .lineEnd: position == bytes.count || bytes[position] == 0x0A
            case .wordBoundary: isWord(position - 1) != isWord(position)
            case .noWordBoundary: isWord(position - 1) == isWord(position)
            }
        }

        private func isWord(_ position: Int) -> Bool {
            guard position >= 0, position < bytes.count else { return false }
            switch bytes[position] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "_"):
                return true
            default:
                return false
            }
        }
    }
}

/// The scalar at a position of well-formed UTF-8, and its width.
@inline(__always)
private func decodeScalar(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> (UInt32, Int) {
    let first = UInt32(bytes[position])
    if first < 0x80 { return (first, 1) }
    func next(_ offset: Int) -> UInt32 { UInt32(bytes[position + offset]) & 0x3F }
    if first < 0xE0 { return ((first & 0x1F) << 6 | next(1), 2) }
    if first < 0xF0 { return ((first & 0x0F) << 12 | next(1) << 6 | next(2), 3) }
    return ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
}

/// What is wrong with a pattern, and where in it (in scalars of its text).
struct PatternError: Error, Equatable {
    let message: String
    let place: Range<Int>
}

/// The patterns of an expression that are literals, each read once.
struct LiteralPatterns {
    private var read: [String: Result<Pattern, PatternError>] = [:]
    /// Of all of them.
    private(set) var states = 0

    mutating func read(_ text: String) -> Result<Pattern, PatternError> {
        if let known = read[text] { return known }
        let result: Result<Pattern, PatternError>
        if states > Limits.patternStates {
            // The expression is refused already.
            result = .failure(PatternError(message: "the patterns of the expression are too large together", place: 0..<0))
        } else {
            do throws(PatternError) { result = .success(try Pattern(text)) } catch { result = .failure(error) }
        }
        if case .success(let pattern) = result { states += pattern.instructions.count }
        read[text] = result
        return result
    }
}

/// A pattern as a tree.
indirect enum PatternNode: Sendable {
    case empty
    case scalar(ScalarSet)
    case assert(Pattern.Assertion)
    case sequence([PatternNode])
    case either([PatternNode])
    /// `maximum` nil: without end.
    case `repeat`(PatternNode, minimum: Int, maximum: Int?)
}

/// Lays a tree out as instructions, back to front: each part is built with what follows it already in place.
struct PatternBuilder {
    /// Repetition multiplies: beyond this a pattern is refused (RE2's own budget is of this order).
    static let instructionLimit = 100_000

    var instructions: [Pattern.Instruction] = []
    var sets: [ScalarSet] = []
    private var numbers: [ScalarSet: Int32] = [:]
    private let limitPlace: Range<Int>

    init(limitPlace: Range<Int>) { self.limitPlace = limitPlace }

    mutating func emit(_ instruction: Pattern.Instruction) throws(PatternError) -> Int32 {
        guard instructions.count < Self.instructionLimit else {
            throw PatternError(message: "it is too large once its repetitions are written out", place: limitPlace)
        }
        instructions.append(instruction)
        return Int32(instructions.count - 1)
    }

    /// The entry of a part that goes on to `next`.
    mutating func build(_ node: PatternNode, next: Int32) throws(PatternError) -> Int32 {
        switch node {
        case .empty:
            return next
        case .scalar(let set):
            let number: Int32
            if let known = numbers[set] {
                number = known
            } else {
                number = Int32(sets.count)
                sets.append(set)
                numbers[set] = number
            }
            return try emit(.scalar(set: number, next: next))
        case .assert(let assertion):
            return try emit(.assert(assertion, next: next))
        case .sequence(let parts):
            var entry = next
            for part in parts.reversed() { entry = try build(part, next: entry) }
            return entry
        case .either(let branches):
            var entry = try build(branches[branches.count - 1], next: next)
            for branch in branches.dropLast().reversed() {
                let first = try build(branch, next: next)
                entry = try emit(.split(first, entry))
            }
            return entry
        case .repeat(let part, let minimum, let maximum):
            return try build(part, minimum, maximum, next: next)
        }
    }

    private mutating func build(
        _ part: PatternNode, _ minimum: Int, _ maximum: Int?, next: Int32
    ) throws(PatternError) -> Int32 {
        var entry = next
        if let maximum {
            for _ in minimum..<maximum {
                let once = try build(part, next: entry)
                entry = try emit(.split(once, next))
            }
        } else {
            let loop = try emit(.split(next, next))
            let once = try build(part, next: loop)
            instructions[Int(loop)] = .split(once, next)
            entry = loop
        }
        for _ in 0..<minimum { entry = try build(part, next: entry) }
        return entry
    }
}
