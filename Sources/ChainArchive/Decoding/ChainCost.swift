package import TensorCodecs

/// What restoring a step takes, beside what the next step of its chain will need of it to tell the same.
///
/// It follows from the manifests of the chain, by the units that a decoder goes through: each replays its own chain back to
/// what stands on its own. No clock has a part in it, so that whoever compresses a run comes to the same keyframes.
/// The unit is one level of method `transform`, decoded and added.
package struct ChainCost: Sendable {
    /// To restore the step.
    package let restoring: Double
    /// The same if it stood on its own.
    package let keyframe: Double
    /// Steps of the chain so far, the keyframe counted.
    package let length: Int

    private let outline: StepOutline
    /// Of each unit: what it takes to have its tensors for the next step.
    private let units: [Double]
    /// The unit that a tensor lies in.
    private let places: [TensorIdentity: Int]
    /// Deltas of method `transform` behind a tensor's keyframe.
    private let ages: [TensorIdentity: Int]
    /// Of blocks of the chain, by location.
    private let blocks: [PayloadLocation: Double]

    /// Restored keyframes that would take as long.
    package var inKeyframes: Double { keyframe > 0 ? restoring / keyframe : 1 }

    /// - Parameters:
    ///   - manifest: the step's.
    ///   - before: of the step that it builds on; `nil` for a keyframe.
    ///   - settings: of the encoder, for method `transform`.
    /// - Throws: `.corrupt` where the manifest's groups do not add up.
    package init(_ manifest: StepManifest, after before: ChainCost?, settings: TransformSettings) throws(CodecError) {
        self.init(try StepOutline(manifest, settings: settings), after: before)
    }

    private init(_ outline: StepOutline, after before: ChainCost?) {
        self.outline = outline
        length = (before?.length ?? 0) + 1
        var units: [Double] = [], places: [TensorIdentity: Int] = [:], ages: [TensorIdentity: Int] = [:]
        var restoring = outline.byteCount * DecodingWork.restoredByte
        var keyframe = restoring
        for (place, unit) in outline.units.enumerated() {
            var work = 0.0, alone = 0.0, touched = Set<Int>(), buildsOn = false
            for member in unit.members {
                places[member.identity] = place
                buildsOn = buildsOn || member.buildsOn
                let age = member.buildsOn ? (before?.ages[member.identity] ?? 0) + 1 : 0
                work += unit.coding.work(on: member.form, age: age, outline.settings)
                alone += unit.coding.work(on: member.form, age: 0, outline.settings)
                if unit.coding == .transform {
                    ages[member.identity] = age
                    if age > 0 { restoring += outline.settings.restoringWork(form: member.form) }
                }
                if member.buildsOn, let earlier = before?.places[member.identity] { touched.insert(earlier) }
            }
            for earlier in touched.sorted() { work += before?.units[earlier] ?? 0 }
            let moments = Double(unit.momentElements)
            let aloneMoments = moments * unit.coding.momentWork(buildsOn: false, outline.settings)
            units.append(work)
            restoring += work + moments * unit.coding.momentWork(buildsOn: buildsOn, outline.settings)
            keyframe += alone + aloneMoments
        }
        var blocks = before?.blocks ?? [:]
        for block in outline.blocks {
            let own = Double(block.byteCount) * DecodingWork.payloadByte
            let work = own + (block.earlier.flatMap { blocks[$0] } ?? 0)
            blocks[block.location] = work
            restoring += work
            keyframe += own
        }
        (self.restoring, self.keyframe) = (restoring, keyframe)
        (self.units, self.places, self.ages, self.blocks) = (units, places, ages, blocks)
    }

    /// What restoring the next step takes at most, if it is coded against this one and has the same tensors.
    package func next(_ settings: TransformSettings) -> ChainCost {
        ChainCost(outline.next(settings), after: self)
    }

    /// What restoring the next step is likely to take: it builds on this one as this one builds on the step before.
    package func another(_ settings: TransformSettings) -> ChainCost {
        length == 1 ? next(settings) : ChainCost(outline.another(settings), after: self)
    }

    /// A step of the same tensors that stands on its own.
    package var alone: ChainCost { ChainCost(outline.alone, after: nil) }

    /// What restoring a step like the next one takes if it is the first behind a keyframe, and finds its bases anew.
    ///
    /// Wide matrices find theirs behind the first change only, so the second one is looked at as well.
    package func second(_ settings: TransformSettings) -> Double {
        let delta = outline.next(settings)
        let second = ChainCost(delta, after: ChainCost(delta.alone, after: nil))
        let third = ChainCost(delta, after: second)
        return max(second.restoring, third.restoring - second.restoring + second.keyframe)
    }
}

/// What decoding takes beside the transform (`TransformWork`), in the same unit.
private enum DecodingWork {
    /// An element of a lossless group.
    static let lossless = 2.5
    /// An element of method `excp`.
    static let excp = 0.4
    /// An element of a moment that is quantized with its weight; the same by method `excp`.
    static let moment = 2.0
    static let excpMoment = 0.5
    /// A byte of payload.
    static let payloadByte = 0.1
    /// A byte of a restored file: made, hashed, written.
    static let restoredByte = 0.1
}

extension StepOutline.Coding {
    /// To decode a tensor from that of the step before.
    /// - Parameter age: steps back to where its chain begins; 0 where it stands on its own.
    fileprivate func work(on form: MatrixForm, age: Int, _ settings: TransformSettings) -> Double {
        let count = Double(form.count)
        if age == 0, isExactAlone(settings) { return count * DecodingWork.lossless }
        switch self {
        case .unchanged: return 0
        case .lossless: return count * DecodingWork.lossless
        case .excp: return count * DecodingWork.excp
        case .transform where age == 0: return count * TransformWork.keyframe
        case .transform: return count + settings.groupWork(age: age - 1, form: form)
        }
    }

    /// To decode an element of a moment, for the step itself.
    fileprivate func momentWork(buildsOn: Bool, _ settings: TransformSettings) -> Double {
        if !buildsOn, isExactAlone(settings) { return DecodingWork.lossless }
        return self == .excp ? DecodingWork.excpMoment : DecodingWork.moment
    }

    /// Whether a keyframe has it in lossless groups.
    private func isExactAlone(_ settings: TransformSettings) -> Bool {
        self != .transform || settings.exactKeyframes
    }
}
