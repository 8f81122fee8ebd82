package import Domain

/// A device of the register beside the network's: a switch, a sensor, a meter.
package struct RegisteredDevice: Sendable, Hashable {
    package var kind: String
    package var transformer: TransformerID?
    package var feeder: FeederID?
    package var district: DistrictID?
    package var installed: CivilDate?
    package var lastMaintained: CivilDate?
    package init(
        kind: String, transformer: TransformerID? = nil, feeder: FeederID? = nil, district: DistrictID? = nil, installed: CivilDate? = nil,
        lastMaintained: CivilDate? = nil
    ) {
        self.kind = kind
        self.transformer = transformer
        self.feeder = feeder
        self.district = district
        self.installed = installed
        self.lastMaintained = lastMaintained
    }
}

/// Whatever can send readings, with all that the registers know of it. A class: a reading is matched against it without a copy.
package final class WatchedDevice: Sendable {
    package let id: DeviceID
    package let kind: String
    package let transformer: TransformerID?
    package let feeder: FeederID?
    package let district: DistrictID?
    /// Served by its transformer, or by its feeder.
    package let customers: Int
    package let installed: CivilDate?
    package let lastMaintained: CivilDate?

    package init(
        id: DeviceID, kind: String, transformer: TransformerID? = nil, feeder: FeederID? = nil, district: DistrictID? = nil, customers: Int = 0,
        installed: CivilDate? = nil, lastMaintained: CivilDate? = nil
    ) {
        self.id = id
        self.kind = kind
        self.transformer = transformer
        self.feeder = feeder
        self.district = district
        self.customers = customers
        self.installed = installed
        self.lastMaintained = lastMaintained
    }
}

/// All that can send readings: the devices of the register, the network's transformers and feeders, and the districts. Where two have one name, the
/// device's row counts, then the transformer.
package final class DeviceIndex: Sendable {
    /// In byte order of their names.
    package let devices: [WatchedDevice]
    private let numbers: [DeviceID: Int32]

    package init(_ site: Site) {
        var found: [DeviceID: WatchedDevice] = [:]
        let network = site.network
        found.reserveCapacity(site.devices.count + network.transformers.count + network.feeders.count + site.districts.count)
        func add(_ device: WatchedDevice) { if found[device.id] == nil { found[device.id] = device } }
        for (id, device) in site.devices {
            // A row may say more of a transformer that the network has.
            let own = TransformerID(id.rawValue)
            let name = device.transformer ?? (network.transformers[own] == nil ? nil : own)
            let transformer = name.flatMap { network.transformers[$0] }
            let feeder = device.feeder ?? transformer?.feeder ?? (network.feeders[FeederID(id.rawValue)] == nil ? nil : FeederID(id.rawValue))
            add(
                WatchedDevice(
                    id: id, kind: device.kind, transformer: name, feeder: feeder,
                    district: device.district ?? transformer?.district ?? feeder.flatMap { network.feeders[$0]?.district },
                    customers: transformer?.customers ?? feeder.flatMap { network.feeders[$0]?.customers } ?? 0, installed: device.installed,
                    lastMaintained: device.lastMaintained))
        }
        for (id, transformer) in network.transformers {
            add(
                WatchedDevice(
                    id: DeviceID(id.rawValue), kind: "transformer", transformer: id, feeder: transformer.feeder, district: transformer.district,
                    customers: transformer.customers))
        }
        for (id, feeder) in network.feeders {
            add(WatchedDevice(id: DeviceID(id.rawValue), kind: "feeder", feeder: id, district: feeder.district, customers: feeder.customers))
        }
        for id in site.districts.keys { add(WatchedDevice(id: DeviceID(id.rawValue), kind: "district", district: id)) }
        devices = found.values.sorted { $0.id < $1.id }
        var numbers: [DeviceID: Int32] = [:]
        numbers.reserveCapacity(devices.count)
        for (number, device) in devices.enumerated() { numbers[device.id] = Int32(number) }
        self.numbers = numbers
    }

    package func number(of id: DeviceID) -> Int? { numbers[id].map { Int($0) } }
}

/// Reads a register of devices.
///
/// A header names the columns device and kind, and any of transformer, feeder, district, installed and last_maintained, in any order. Where a device is
/// comes from its transformer, else from its feeder or district.
struct DeviceReader {
    let source: SourceText
    let file: Int
    let findings: Findings
    let site: SiteFacts?

    static let columns = ["device", "kind", "transformer", "feeder", "district", "installed", "last_maintained"]

    /// Adds what the file has; `lines` are the places of those that are there already.
    func read(_ devices: inout [DeviceID: RegisteredDevice], _ lines: inout [DeviceID: String]) {
        let table = RegisterTable(
            source: source, file: file, findings: findings, columns: Self.columns, optional: ["transformer", "feeder", "district", "installed", "last_maintained"],
            example: Wording.deviceHeader, rowExample: Wording.deviceRow)
        let declared = site?.codes("device_kind") ?? []
        let kinds = declared.isEmpty ? nil : WatchSchema.ownKinds + declared
        let districts = site?.districtNames
        table.read { cells, _, line in row(cells, line: line, kinds: kinds, districts: districts, &devices, &lines) }
    }

    private func row(
        _ cells: [RegisterTable.Cell], line: Int, kinds: [String]?, districts: [String]?, _ devices: inout [DeviceID: RegisteredDevice],
        _ lines: inout [DeviceID: String]
    ) {
        func error(_ cell: RegisterTable.Cell, _ wording: @autoclosure () -> Wording) { findings.error(file, cell.range, wording()) }
        func near(_ name: String, _ names: @autoclosure () -> [String]) -> String? { findings.isFull(file) ? nil : nearestName(to: name, among: names()) }
        let (name, kind, transformer, feeder, district) = (cells[0], cells[1], cells[2], cells[3], cells[4])
        guard FileReader.isCode(name.text, allowsDots: true) else {
            error(
                name,
                .badDevice(
                    name.text.isEmpty ? "the device's name is missing" : "'\(name.text.prefix(60))' can't be a device's name: up to 64 letters a-z, digits, '_', '-' and '.'"))
            return
        }
        if kind.text.isEmpty {
            error(kind, .badDevice("the device's kind is missing"))
        } else if let kinds, !kinds.contains(kind.text) {
            error(kind, .undeclared(kind.text, in: "device_kind", known: kinds, suggestion: near(kind.text, kinds)))
        }
        var device = RegisteredDevice(kind: kind.text)
        let network = site?.network
        if !transformer.text.isEmpty {
            device.transformer = TransformerID(transformer.text)
            if let network, !network.transformers.isEmpty, network.transformers[TransformerID(transformer.text)] == nil {
                let known = network.transformers.keys.map(\.rawValue).sorted()
                error(
                    transformer, .unknown(.unknownTransformer, "transformer", transformer.text, known: known, suggestion: near(transformer.text, known)))
            }
        }
        if !feeder.text.isEmpty {
            device.feeder = FeederID(feeder.text)
            if let network, !network.feeders.isEmpty, network.feeders[FeederID(feeder.text)] == nil {
                let known = network.feeders.keys.map(\.rawValue).sorted()
                error(feeder, .unknown(.unknownFeeder, "feeder", feeder.text, known: known, suggestion: near(feeder.text, known)))
            }
        }
        if !district.text.isEmpty {
            device.district = DistrictID(district.text)
            if let districts, !districts.contains(district.text) {
                error(district, .unknown(.unknownDistrict, "district", district.text, known: districts, suggestion: near(district.text, districts)))
            }
        }
        device.installed = date(cells[5], "installed")
        device.lastMaintained = date(cells[6], "last_maintained")
        if let installed = device.installed, let maintained = device.lastMaintained, maintained < installed {
            error(cells[6], .badDevice("'last_maintained' (\(maintained)) lies before 'installed' (\(installed))"))
        }
        let id = DeviceID(name.text)
        if let first = lines[id] {
            error(name, .duplicateName("the device", name.text, place: first))
            return
        }
        lines[id] = "\(source.name):\(line + 1)"
        devices[id] = device
    }

    private func date(_ cell: RegisterTable.Cell, _ name: String) -> CivilDate? {
        guard !cell.text.isEmpty else { return nil }
        let parts = cell.text.split(whereSeparator: { $0 == "-" || $0 == "/" }).map { Quantity.wholeNumber($0) }
        if parts.count == 3, cell.text.utf8.count <= 10, let year = parts[0], let month = parts[1], let day = parts[2],
            let date = CivilDate(year: Int(min(year, 10_000)), month: Int(min(month, 13)), day: Int(min(day, 32)))
        {
            return date
        }
        findings.error(file, cell.range, .badDevice("'\(cell.text.prefix(60))' is no date for '\(name)'; write it like 2025-03-01"))
        return nil
    }
}
