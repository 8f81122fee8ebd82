import Domain

/// Something that went wrong at a door, in the words that a person sees: what happened, why, and what to do about it.
package struct DoorFault: Error, Sendable, Hashable, CustomStringConvertible {
    package var what: String
    package var why: String
    /// What to do: an instruction, not a wish.
    package var remedy: String

    package init(what: String, why: String, remedy: String) {
        self.what = what
        self.why = why
        self.remedy = remedy
    }

    /// `WHAT: WHY; WHAT TO DO`, as it stands after `paidan: ` on standard error.
    package var description: String { "\(what): \(why); \(remedy)" }

    /// `{"error":{"what":…,"why":…,"do":…}}`.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { write(into: &$0) }
        return writer.bytes
    }

    /// The member `error` alone, for answers that carry more beside it.
    func write(into writer: inout JSONWriter) {
        writer.key("error")
        writer.object {
            $0.field("what", what)
            $0.field("why", why)
            $0.field("do", remedy)
        }
    }
}
