import Domain

/// How large a city is.
package struct CitySize: Sendable, Hashable {
    /// Transformer areas: each is a device that sends its readings.
    package var areas: Int
    package var crews: Int
    package var customers: Int

    package init(areas: Int, crews: Int, customers: Int) {
        self.areas = areas
        self.crews = crews
        self.customers = customers
    }

    /// The city of five million people of the domain reference: 100 crews, three million customers; 10 000 transformer areas.
    package static let fiveMillion = CitySize(areas: 10_000, crews: 100, customers: 3_000_000)
}

extension MadeUpCity {
    /// The same city at another size: its districts and their shares, with exactly so many transformer areas and crews. For measurements, where crews need no story.
    package init(seed: UInt64, size: CitySize) {
        var dice = SplitMix64(seed: seed)
        let whole = Self.districts
        var areas: [Area] = []
        var crews: [Crew] = []
        let feeders = whole.reduce(0) { $0 + $1.feeders }
        let metering = max(1, size.crews / 5)
        var lines = size.crews - metering
        for (index, district) in whole.enumerated() {
            let isLast = index == whole.count - 1
            let share = isLast ? size.areas : areas.count + size.areas * district.feeders / feeders
            var feeder = 0
            while areas.count < share {
                feeder += 1
                let trunk = Self.place(in: district, spread: 0.8, &dice)
                for _ in 0..<min(dice.whole(4...9), share - areas.count) {
                    areas.append(
                        Area(
                            transformer: TransformerID("TR-\(String(areas.count + 1_000_001).dropFirst(2))"), feeder: FeederID("F-\(district.id.rawValue)-\(feeder)"),
                            district: index,
                            coordinate: Roads.offset(
                                trunk, north: dice.real(-1...1) * district.radiusKilometres / 5, east: dice.real(-1...1) * district.radiusKilometres / 5),
                            customers: size.customers / size.areas))
                }
            }
            let most = isLast ? lines : min(lines, (size.crews - metering) * district.feeders / feeders)
            for number in 0..<most {
                crews.append(
                    Crew(
                        id: CrewID("\(district.id.rawValue)-\(number + 1)"), name: "\(district.chinese)\(number + 1)班", district: index,
                        base: Self.place(in: district, spread: 0.7, &dice), skills: ["distribution_line", number % 2 == 0 ? "live_line" : "cable"], shift: .day_night))
            }
            lines -= most
        }
        for number in 0..<metering {
            let district = number % whole.count
            crews.append(
                Crew(
                    id: CrewID("metering-\(number + 1)"), name: "计量\(number + 1)班", district: district, base: whole[district].centre,
                    skills: ["metering", "survey", "inspection"], shift: .day, department: "marketing", capacity: 2))
        }
        self.init(seed: seed, districts: whole, areas: areas, crews: crews)
    }

    /// The number of an account, from 0: ten digits, as billing has them. Neighbours have neighbouring accounts.
    package static func account(_ number: Int) -> String { "33\(10_000_000 + number)" }

    /// What billing knows of an account: mostly households, some shops, a few works.
    package func customer(_ number: Int, id: String, month: String) -> [UInt8] {
        let area = areas[min(number / max(1, areas.first?.customers ?? 1), areas.count - 1)]
        var dice = SplitMix64(seed: seed ^ UInt64(number) &* 0x9E37_79B9)
        let draw = dice.whole(0...999)
        let (kind, capacity, kWh): (String, Int, Int) =
            switch draw {
            case ..<900: ("residential", 8, dice.whole(60...600))
            case ..<990: ("commercial", dice.whole(20...200), dice.whole(800...9_000))
            default: ("industrial", dice.whole(200...2_000), dice.whole(20_000...600_000))
            }
        let daysLate = dice.chance(0.04) ? dice.whole(1...40) : 0
        var json = JSONWriter(capacity: 320)
        json.object {
            $0.field("kind", "customer")
            $0.field("id", id)
            $0.field("source", "billing")
            $0.field("customer", Self.account(number))
            $0.key("facts")
            $0.object {
                $0.field("class", kind)
                $0.field("capacity_kva", capacity)
                $0.field("district", districts[area.district].id.rawValue)
                $0.field("transformer", area.transformer.rawValue)
            }
            $0.key("consumption")
            $0.object {
                $0.key(named: month)
                $0.int(kWh)
            }
            $0.key("payments")
            $0.object {
                $0.key(named: month)
                $0.int(daysLate)
            }
        }
        return json.bytes
    }
}
