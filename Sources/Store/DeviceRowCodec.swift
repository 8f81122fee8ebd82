import Decisions
import Domain
import Rules

// The rows of devices. One row holds all quantities of a device, so that a checkpoint writes each once.

extension RowCodec {
    static let deviceForm: UInt8 = 1

    static func write(_ device: DeviceRow, into w: inout ByteWriter) {
        w.byte(deviceForm)
        w.list(device.channels) { w, channel in
            w.text(channel.quantity)
            switch channel.value {
            case .number(let number):
                w.byte(0)
                w.double(number)
            case .flag(let flag): w.byte(flag ? 2 : 1)
            }
            w.signed(channel.at.milliseconds)
            w.signed(channel.minute)
            w.signed(Int64(channel.inMinute))
            w.list(channel.watches) { w, watch in
                write(watch.rule, into: &w)
                w.byte(watch.state.phase.code)
                w.signed(watch.state.since.milliseconds)
                w.list(watch.state.times) { w, at in w.signed(at.milliseconds) }
                w.optional(watch.state.report) { w, report in write(report, into: &w) }
            }
        }
        w.list(device.upkeep) { w, upkeep in
            write(upkeep.rule, into: &w)
            w.optional(upkeep.state.last) { w, last in w.double(last) }
            w.double(upkeep.state.used)
            w.optional(upkeep.state.maintainedAt) { w, at in w.signed(at.milliseconds) }
            w.optional(upkeep.state.report) { w, report in write(report, into: &w) }
        }
    }

    static func device(_ id: DeviceID, _ bytes: UnsafeRawBufferPointer) throws(RowFault) -> DeviceRow {
        var r = ByteReader(bytes)
        let found = try r.byte()
        guard found == deviceForm else { throw RowFault("a device row has form \(found); this version reads form \(deviceForm)") }
        let channels = try r.list { r throws(RowFault) in
            let quantity = try r.text()
            let value: Reading.Value
            switch try r.byte() {
            case 0: value = .number(try r.double())
            case 1: value = .flag(false)
            case 2: value = .flag(true)
            default: throw RowFault("a reading has a value of a kind that this version does not know")
            }
            let at = Instant(milliseconds: try r.signed())
            let minute = try r.signed()
            let inMinute = try r.int32()
            let watches = try r.list { r throws(RowFault) in
                let rule = try digest(&r)
                let phase = try WatchPhase.word(try r.byte())
                var state = WatchState(since: Instant(milliseconds: try r.signed()))
                state.phase = phase
                state.times = try r.list { r throws(RowFault) in Instant(milliseconds: try r.signed()) }
                state.report = try r.optional(report)
                return DeviceRow.Watch(rule: rule, state: state)
            }
            return DeviceRow.Channel(quantity: quantity, value: value, at: at, minute: minute, inMinute: inMinute, watches: watches)
        }
        let upkeep = try r.list { r throws(RowFault) in
            let rule = try digest(&r)
            var state = UpkeepState()
            state.last = try r.optional { r throws(RowFault) in try r.double() }
            state.used = try r.double()
            state.maintainedAt = try r.optional { r throws(RowFault) in Instant(milliseconds: try r.signed()) }
            state.report = try r.optional(report)
            return DeviceRow.Upkeep(rule: rule, state: state)
        }
        guard r.isAtEnd else { throw RowFault("a device row is longer than its form") }
        return DeviceRow(device: id, channels: channels, upkeep: upkeep)
    }

    private static func write(_ report: OpenReport, into w: inout ByteWriter) {
        w.text(report.id)
        w.list(report.tasks) { w, task in w.signed(task.packed) }
        w.optional(report.endedAt) { w, at in w.signed(at.milliseconds) }
    }

    private static func report(_ r: inout ByteReader) throws(RowFault) -> OpenReport {
        let id = try r.text()
        let tasks = try r.list { r throws(RowFault) in TaskID(packed: try r.signed()) }
        return OpenReport(id: id, tasks: tasks, endedAt: try r.optional { r throws(RowFault) in Instant(milliseconds: try r.signed()) })
    }

    private static func write(_ digest: WatchDigest, into w: inout ByteWriter) {
        for word in [digest.name, digest.wording] { w.signed(Int64(bitPattern: word)) }
    }

    private static func digest(_ r: inout ByteReader) throws(RowFault) -> WatchDigest {
        WatchDigest(name: UInt64(bitPattern: try r.signed()), wording: UInt64(bitPattern: try r.signed()))
    }
}
