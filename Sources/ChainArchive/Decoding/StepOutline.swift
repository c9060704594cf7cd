import TensorCodecs
import TensorFiles

/// What of a step tells how much work it is to decode: its units, and which of them build on the step before.
///
/// It is made of a step's manifest; or of another outline, as the next step would be.
struct StepOutline: Sendable {
    enum Coding: Sendable, Hashable {
        case transform, excp, lossless
        /// As in the step before: nothing is decoded.
        case unchanged

        /// What it would be if that were another tensor.
        var ifChanged: Coding { self == .unchanged ? .lossless : self }
    }

    struct Member: Sendable {
        var identity: TensorIdentity
        var form: MatrixForm
        /// Whether it builds on the step before.
        var buildsOn: Bool
    }

    /// Tensors that are decoded in one go.
    struct Unit: Sendable {
        var coding: Coding
        var members: [Member]
        /// Elements that only the step itself needs, if it is restored: moments of quantized groups.
        var momentElements = 0
    }

    /// A block of a file that lies in no tensor.
    struct Block: Sendable {
        var location: PayloadLocation
        /// Of the earlier block that it builds on, or is.
        var earlier: PayloadLocation?
        /// Bytes that are decoded of itself.
        var byteCount: Int
    }

    var number: Int
    var units: [Unit] = []
    var blocks: [Block] = []
    /// Bytes of restored tensors and payload.
    var byteCount = 0.0
    /// The encoder's, from which it follows where bases are found anew.
    var settings: TransformSettings

    /// The step that comes next, if nothing of it stands on its own that can be coded against this one.
    /// - Parameter settings: of the method that it will be made with.
    func next(_ settings: TransformSettings) -> StepOutline {
        var result = self
        result.number = number + 1
        result.settings = settings
        result.setUnits(buildingOn: true)
        for (index, block) in blocks.enumerated() {
            result.blocks[index].location.step = result.number
            result.blocks[index].earlier = block.location
        }
        return result
    }

    /// The step that comes next, if what is coded exactly builds on the step before where it does in this one.
    ///
    /// Lossless groups stand alone where their predecessor gains too little, and go on doing so.
    func another(_ settings: TransformSettings) -> StepOutline {
        var result = next(settings)
        for (place, unit) in units.enumerated() where unit.coding == .lossless || unit.coding == .unchanged {
            result.units[place] = unit
        }
        for (place, block) in blocks.enumerated() where block.earlier == nil { result.blocks[place].earlier = nil }
        return result
    }

    /// The step as a keyframe.
    var alone: StepOutline {
        var result = self
        result.setUnits(buildingOn: false)
        for index in blocks.indices { result.blocks[index].earlier = nil }
        return result
    }

    private mutating func setUnits(buildingOn: Bool) {
        for unit in units.indices {
            units[unit].coding = units[unit].coding.ifChanged
            for member in units[unit].members.indices { units[unit].members[member].buildsOn = buildingOn }
        }
    }
}

extension StepOutline {
    /// - Parameter settings: the encoder's, if the step is of method `transform`.
    /// - Throws: `.corrupt` where groups do not add up.
    init(_ manifest: StepManifest, settings: TransformSettings) throws(CodecError) {
        (number, self.settings) = (manifest.number, settings)
        let tensors = manifest.tensors
        // Of what is in the manifest: it may be that of a sample.
        byteCount = tensors.reduce(0) { $0 + Double($1.byteCount) }
        for entry in manifest.entries { byteCount += entry.payload.reduce(0) { $0 + Double($1.plainCount) } }
        func member(_ index: Int, _ buildsOn: Bool) -> Member {
            Member(identity: tensors[index].identity, form: MatrixForm(tensors[index].shape), buildsOn: buildsOn)
        }
        for (group, members) in zip(manifest.quantizedGroups, try manifest.quantizedGroupMembers()) {
            let isTransform = group.method == .transform
            var unit = Unit(coding: isTransform ? .transform : .excp, members: [])
            for place in members {
                var opens = false
                if case .transform(_, _, let isOpening) = tensors[place.weight].coding { opens = isOpening }
                unit.members.append(member(place.weight, !opens))
                let moments = [place.firstMoment, place.secondMoment, place.maximum].compactMap { $0 }
                unit.momentElements += moments.reduce(0) { $0 + tensors[$1].count }
            }
            units.append(unit)
        }
        for places in try manifest.losslessGroupMembers() {
            let members = places.map { place in
                if case .packed(_, _, let depth) = tensors[place].coding { return member(place, depth > 0) }
                return member(place, false)
            }
            units.append(Unit(coding: .lossless, members: members))
        }
        var unchanged = Unit(coding: .unchanged, members: [])
        for (index, tensor) in tensors.enumerated() {
            switch tensor.coding {
            case .unchanged: unchanged.members.append(member(index, true))
            case .sameAs, .state: units.append(Unit(coding: .lossless, members: [member(index, false)]))
            case .packed, .excp, .transform, .copy: break
            }
        }
        if !unchanged.members.isEmpty { units.append(unchanged) }
        blocks = Self.blocks(of: manifest)
    }

    private static func blocks(of manifest: StepManifest) -> [Block] {
        var before: Int?
        if case .step(let number, _) = manifest.predecessor { before = number }
        var blocks: [Block] = []
        for (place, entry) in manifest.entries.enumerated() {
            for (index, block) in entry.payload.enumerated() {
                let location = PayloadLocation(step: manifest.number, entry: place, block: index)
                switch block.content {
                case .constant: continue
                case .elsewhere(let other):
                    blocks.append(Block(location: location, earlier: other, byteCount: 0))
                case .record(_, let usesPrefix):
                    var earlier: PayloadLocation?
                    if usesPrefix, let before, let prefix = entry.prefixEntry {
                        earlier = PayloadLocation(step: before, entry: prefix, block: index)
                    }
                    blocks.append(Block(location: location, earlier: earlier, byteCount: block.plainCount))
                }
            }
        }
        return blocks
    }
}
