/// What an expression may be at most, so that no text, however hostile, takes more than a bounded time, memory or stack.
package enum Limits {
    /// Bytes of an expression's text.
    package static let textBytes = 65_536
    /// Depth of the syntax tree and of brackets within brackets. Parsing, checking, compiling and evaluating at this depth stay
    /// within 512 KiB of stack, also in a debug build (a test holds this).
    package static let depth = 250
    /// Entries of one list or map literal.
    package static let literalEntries = 10_000
    /// Parts of an expression together with those of the definitions it uses, each counted as often as it is used.
    package static let weight = 1_000_000
    /// Steps of one evaluation in loops: each round of a macro costs the weight of its body, each byte that is copied or searched
    /// a sixteenth, each state of a pattern at each character a quarter. Some tens of milliseconds.
    package static let cost = 2_000_000
    /// Errors of one expression that are reported.
    package static let diagnostics = 50
}
