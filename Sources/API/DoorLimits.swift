/// The bounds of every listener. Each protects the others from one client that sends too much, too slowly, or nothing.
package struct DoorLimits: Sendable, Hashable {
    /// Connections open at once on one listener; more wait in the kernel's queue. 1 ... 65 536.
    package var connections_max = 1_024
    /// One header field, in bytes; all of them together may have twice that.
    package var header_bytes_max = 16 * 1_024
    package var header_fields_max = 100
    /// One JSON object: a whole body, or one line of JSON lines. INTERFACES.md promises 1 MiB.
    package var object_bytes_max = 1_024 * 1_024
    /// From the connection's start, or the last answer's end, until the next request's head is complete.
    package var head_wait: Duration = .seconds(30)
    /// How long a body may keep us waiting in all. Only time in which we want to read counts, never our own back-pressure;
    /// every kibibyte that arrives gives a second back.
    package var body_wait: Duration = .seconds(30)
    /// How long a client may leave its answer unread, with full buffers.
    package var stall_wait: Duration = .seconds(60)
    /// After an answer that came before the request's end (413, say): how much more is read and thrown away, so that the
    /// client gets to read the answer.
    package var overrun_bytes_max = 4 * 1_024 * 1_024
    /// The same as a time; also how long a closed connection waits for the client to close its side.
    package var linger: Duration = .seconds(5)
    /// How long `stop` waits for requests under way.
    package var stop_wait: Duration = .seconds(15)
    /// JSON lines: how many lines are committed together at most, and how many such batches of one stream are under way.
    package var batch_lines_max = 512
    package var batch_bytes_max = 1_024 * 1_024
    package var batches_max = 12
    /// JSON lines: how often a batch is offered again when the intake is busy. The pauses double from 50 ms up to 1 s.
    package var busy_tries_max = 16

    package init() {}
}
