// What a watch rule knows beside its own reading: other quantities of the device, and other devices that have room.

import Domain
import Rules

extension Telemetry {
    /// So many devices with room are named.
    private static let roomNamedMax = 12

    /// What a device has shown of all quantities, no longer ago than `gap`.
    func others(_ number: Int, at: Instant, gap: TimeSpan) -> [ReadingSubject.Other] {
        devices[number].channels.compactMap { channel in
            at - channel.at > gap ? nil : ReadingSubject.Other(quantity: rules.site.quantities[Int(channel.quantity)].code, value: channel.value)
        }
    }

    /// `; 有余力 / with room: ouhai (负载 / Load 40 MW, …)`: devices of the same kind of which `room` holds, in byte order of their names.
    func whoHasRoom(_ rule: WatchRule, _ number: Int, _ quantity: MeasuredQuantity, _ at: Instant) -> String {
        let kind = index.devices[number].kind
        var named: [String] = []
        var count = 0
        for other in active.sorted().map({ Int($0) }) where other != number && index.devices[other].kind == kind {
            guard let channel = devices[other].channels.first(where: { rules.site.quantities[Int($0.quantity)].code == quantity.code }), at - channel.at <= rule.gap
            else { continue }
            var subject = ReadingSubject(device: index.devices[other], quantity: quantity.code, unit: quantity.unit, value: channel.value, at: channel.at)
            if rule.asksLatest { subject.others = others(other, at: at, gap: rule.gap) }
            guard rule.hasRoom(subject) else { continue }
            count += 1
            guard named.count < Self.roomNamedMax else { continue }
            // What is in the same unit belongs to it: load and supply.
            let shown = devices[other].channels.compactMap { channel -> String? in
                let measured = rules.site.quantities[Int(channel.quantity)]
                guard measured.unit == quantity.unit, at - channel.at <= rule.gap else { return nil }
                return "\(measured.chinese ?? measured.code) / \(measured.english ?? measured.code) \(channel.value.shown)\(unitShown(measured))"
            }
            named.append("\(index.devices[other].id) (\(shown.joined(separator: ", ")))")
        }
        guard count > 0 else { return "; 无余力 / none has room" }
        return "; 有余力 / with room: \(named.joined(separator: ", "))\(count > named.count ? ", …" : "")"
    }

    private func unitShown(_ quantity: MeasuredQuantity) -> String { quantity.isFlag || quantity.unit == "1" ? "" : " " + quantity.unit }
}
