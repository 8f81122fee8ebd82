package import Domain

/// A city that does not exist, drawn from a seed: districts from the old town to the valleys, a network of feeders and
/// transformer areas, and the crews that keep it lit. The sizes follow the domain reference (about 100 crews for five
/// million people), at a third of the scale, so that a reader can keep the crews apart.
package struct MadeUpCity: Sendable {
    package struct District: Sendable {
        package var id: DistrictID
        package var chinese: String
        package var english: String
        /// urban, rural or remote.
        package var site: String
        package var centre: Coordinate
        var radiusKilometres: Double
        var crews: Int
        var feeders: Int
    }

    /// A transformer area of the network register.
    package struct Area: Sendable {
        package var transformer: TransformerID
        package var feeder: FeederID
        /// Place in `districts`.
        package var district: Int
        package var coordinate: Coordinate
        package var customers: Int
    }

    package struct Crew: Sendable {
        package var id: CrewID
        package var name: String
        package var district: Int
        package var base: Coordinate
        package var skills: [String]
        package var shift: CrewShift
        package var department = "operations"
        package var capacity = 1
    }

    package enum CrewShift: String, Sendable {
        case day, night, day_night
        /// On no shift: called in when it burns.
        case reserve
    }

    package let seed: UInt64
    package let name = "江州 Jiangzhou"
    package let districts: [District]
    package let areas: [Area]
    package let crews: [Crew]

    package init(seed: UInt64) {
        var dice = SplitMix64(seed: seed)
        self.seed = seed
        districts = Self.districts
        var areas: [Area] = []
        var crews: [Crew] = []
        for (index, district) in districts.enumerated() {
            for feeder in 1...district.feeders {
                let trunk = Self.place(in: district, spread: 0.8, &dice)
                for _ in 0..<dice.whole(4...9) {
                    let number = areas.count + 1
                    areas.append(
                        Area(
                            transformer: TransformerID("TR-\(String(number + 1_000).dropFirst())"),
                            feeder: FeederID("F-\(district.id.rawValue)-\(feeder)"), district: index,
                            coordinate: Roads.offset(
                                trunk, north: dice.real(-1...1) * district.radiusKilometres / 5,
                                east: dice.real(-1...1) * district.radiusKilometres / 5),
                            customers: district.site == "urban" ? dice.whole(80...420) : dice.whole(20...140)))
                }
            }
            for number in 1...district.crews {
                crews.append(Self.crew(number, of: index, district, &dice))
            }
        }
        for number in 1...Self.reserves {
            crews.append(
                Crew(
                    id: CrewID("reserve-\(number)"), name: "抢修预备\(number)班", district: 0, base: districts[0].centre,
                    skills: ["distribution_line", "live_line"], shift: .reserve))
        }
        for (number, district) in [(1, 0), (2, 2)] {
            crews.append(
                Crew(
                    id: CrewID("metering-\(number)"), name: "计量\(number)班", district: district, base: districts[district].centre,
                    skills: ["metering", number == 1 ? "inspection" : "survey"], shift: .day, department: "marketing", capacity: 2))
        }
        self.areas = areas
        self.crews = crews
    }

    init(seed: UInt64, districts: [District], areas: [Area], crews: [Crew]) {
        self.seed = seed
        self.districts = districts
        self.areas = areas
        self.crews = crews
    }

    static var districts: [District] {
        plan.map { plan in
            District(
                id: DistrictID(plan.code), chinese: plan.chinese, english: plan.english, site: plan.site,
                centre: Roads.offset(heart, north: plan.north, east: plan.east), radiusKilometres: plan.radius, crews: plan.crews, feeders: plan.feeders)
        }
    }

    /// Fictional ground: a coast of hills.
    private static let heart = Coordinate(latitude: 28.0, longitude: 120.65)!
    private static let reserves = 3

    private static let plan:
        [(code: String, chinese: String, english: String, site: String, north: Double, east: Double, radius: Double, crews: Int, feeders: Int)] = [
            ("old_town", "老城区", "Old Town", "urban", 0, 0, 3, 6, 9),
            ("riverside", "滨江区", "Riverside", "urban", 4, 5, 3.5, 5, 8),
            ("harbour", "港口区", "Harbour", "urban", -3, 8, 4, 5, 8),
            ("university", "大学城", "University Town", "urban", -6, -4, 3, 4, 6),
            ("works", "工业园", "Industrial Park", "urban", 7, -6, 4, 4, 6),
            ("east_fields", "东田镇", "East Fields", "rural", 3, 19, 6, 4, 5),
            ("tea_hills", "茶山镇", "Tea Hills", "rural", -16, -8, 7, 4, 5),
            ("upper_valley", "上谷乡", "Upper Valley", "remote", 21, -20, 9, 3, 4),
        ]

    private static func crew(_ number: Int, of index: Int, _ district: District, _ dice: inout SplitMix64) -> Crew {
        let skills: [String]
        switch number % 3 {
        case 1: skills = ["distribution_line", "live_line"]
        case 2: skills = district.site == "urban" ? ["cable", "distribution_line"] + (index == 4 ? ["automation"] : []) : ["distribution_line"]
        default: skills = ["distribution_line"]
        }
        let shift: CrewShift = [.day_night, .day, .day, .night, .day_night, .day][(number - 1) % 6]
        return Crew(
            id: CrewID("\(district.id.rawValue)-\(number)"), name: "\(district.chinese)\(number)班", district: index,
            base: place(in: district, spread: 0.7, &dice), skills: skills, shift: shift)
    }

    /// Somewhere in a district: even over its disc, out to `spread` of its radius.
    static func place(in district: District, spread: Double, _ dice: inout SplitMix64) -> Coordinate {
        while true {
            let (x, y) = (dice.real(-1...1), dice.real(-1...1))
            if x * x + y * y > 1 { continue }
            let reach = district.radiusKilometres * spread
            return Roads.offset(district.centre, north: y * reach, east: x * reach)
        }
    }
}
