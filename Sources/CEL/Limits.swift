/// What an expression may be at most, so that no text, however hostile, takes more than a bounded time, memory or stack.
package enum Limits {
    /// Bytes of an expression's text.
    package static let textBytes = 65_536
    /// Depth of the syntax tree, and of brackets within brackets. At this depth everything from parsing to evaluating stays within
    /// 512 KiB of stack in a release build and 2 MiB in a debug build (a test holds either in its own build).
    package static let depth = 160
    /// Depth of an expression together with the definitions it uses, each counted where it is used.
    package static let evaluationDepth = 300
    /// Entries of one list or map literal.
    package static let literalEntries = 10_000
    /// Parts of an expression together with those of the definitions it uses, each counted as often as it is used.
    package static let weight = 1_000_000
    /// Steps of one evaluation: each round of a macro costs the weight of its body, each byte that is copied or searched a sixteenth, each state of a pattern at each character a
    /// quarter, and what follows. Ten to forty milliseconds in a release build.
    package static let cost = 250_000
    /// Steps of an expression's estimate beyond which it is refused when it is compiled. More than one evaluation may take, because
    /// an estimate takes every text for its longest and every list for its largest at the same time.
    package static let estimate = 1_000_000
    /// States of all patterns of one expression that are literals.
    package static let patternStates = 200_000
    /// Scalars whose other cases are looked up for one pattern: `(?i)` over large ranges.
    static let foldedScalars = 50_000
    /// Steps of an error that `&&`, `||`, a loop or a bound name absorbs: it was put into words for nothing.
    static let errorCost = 40
    /// Steps of a conversion (`string(x)`, `timestamp(s)`), and of a field of a point in time in a zone.
    static let conversionCost = 10
    /// Steps of a call of an extension library, whatever it does.
    static let libraryCost = 8
    /// Steps of an entry of a map that a loop walks through (its keys are put in order) or makes.
    static let keyCost = 14
    /// Steps of reading a pattern that is only known when it runs, beside four for each of its states.
    static let patternCost = 100
    /// How deep a value may nest (a list within a list ...): so that comparing, printing and freeing it stay within the stack, too.
    package static let valueDepth = 200
    /// Entries that a list or map from outside is taken to have, at most, when the cost of an expression is estimated.
    package static let assumedEntries = 100
    /// Fields that a group of fields is taken to have, at most, when it is a value.
    package static let assumedFields = 16
    /// Bytes that a text from outside is taken to have, at most, when the cost of an expression is estimated.
    package static let assumedTextBytes = 2_000
    /// Errors of one expression that are reported.
    package static let diagnostics = 50
}
