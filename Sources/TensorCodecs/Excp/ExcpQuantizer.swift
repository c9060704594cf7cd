/// Prunes and quantizes one parameter: the lossy half of the method `excp`.
///
/// Deterministic on every CPU: sums in a fixed order, no libm, no fused arithmetic. All values must be finite: with
/// others the result is unspecified (but there is one), and packing may refuse it. That goes for the residual too, which
/// overflows where weights near the end of the range change sign.
package struct ExcpQuantizer: Sendable {
    package let settings: ExcpSettings

    package init(settings: ExcpSettings) {
        self.settings = settings
    }

    /// Quantizes a residual and the moments that are there.
    /// - Parameters:
    ///   - residual: weight minus restored predecessor.
    ///   - first: first moment, as many values; nil where there is none.
    ///   - second: second moment; only together with a first. Without it the threshold's factor is 1.
    package func quantize(
        residual: UnsafeBufferPointer<Float>, first: UnsafeBufferPointer<Float>? = nil,
        second: UnsafeBufferPointer<Float>? = nil
    ) -> ExcpTensor {
        let count = residual.count
        precondition(first.map { $0.count == count } ?? (second == nil), "a second moment needs a first")
        precondition(second.map { $0.count == count } ?? true, "roles of one length")
        let (room, more) = (
            UnsafeMutableBufferPointer<Float>.allocate(capacity: count),
            UnsafeMutableBufferPointer<Float>.allocate(capacity: count)
        )
        defer {
            room.deallocate()
            more.deallocate()
        }
        _ = room.initialize(from: residual)
        let weight = weights(
            room, median: Median.magnitude(residual), second: second, meanSecond: second.map(Reductions.mean) ?? 0)
        var tensor = ExcpTensor(weight: weight)
        if let first {
            let mean = Reductions.meanMagnitude(first)
            (tensor.first, tensor.second) = moments(
                first, second, meanFirst: mean, weights: weight.indices, room: room, more: more)
        }
        return tensor
    }

    /// Keeps R where |R| > min(2.5, alpha / sqrt(v)) * median|R|, v the second moment's mean or the element's own.
    /// - Parameters:
    ///   - residual: is overwritten.
    ///   - median: of the residual's absolute values.
    ///   - meanSecond: of the second moment, where there is one.
    package func weights(
        _ residual: UnsafeMutableBufferPointer<Float>, median: Double, second: UnsafeBufferPointer<Float>?,
        meanSecond: Double
    ) -> ExcpRole {
        let values = UnsafeBufferPointer(residual)
        var codebook: [Float] = []
        let indices = [UInt8](unsafeUninitializedCapacity: values.count) { output, filled in
            let mask = UnsafeMutableBufferPointer(rebasing: output[..<values.count])
            filled = values.count
            let count: Int
            if let second, settings.threshold == .element {
                count = KeptValues.gather(values, to: residual, mask: mask) { i in
                    Double(values[i].magnitude) > factor(Double(second[i]).squareRoot()) * median
                }
            } else {
                let scale = second == nil ? 1 : factor(meanSecond.squareRoot())
                let limit = Reductions.roundedDown(scale * median)
                count = KeptValues.gather(values, to: residual, mask: mask) { values[$0].magnitude > limit }
            }
            guard count > 0 else { return }
            let kept = UnsafeBufferPointer(rebasing: values[..<count])
            codebook = self.codebook(kept, positiveOnly: false)
            NearestCentre(codebook, count: count).indices(of: kept).withUnsafeBufferPointer {
                KeptValues.spread($0, over: mask)
            }
        }
        return ExcpRole(codebook: codebook, indices: indices)
    }

    /// min(2.5, alpha / slope); 2.5 for slope 0.
    @inline(__always)
    private func factor(_ slope: Double) -> Double {
        let factor = settings.alpha / slope
        return factor < ExcpSettings.factorLimit ? factor : ExcpSettings.factorLimit
    }

    /// Keeps both moments where the weight was kept and |first| > beta * mean|first|.
    /// - Parameters:
    ///   - meanFirst: mean of the first moment's absolute values.
    ///   - weights: the weight's indices.
    ///   - room, more: as many values each, overwritten.
    package func moments(
        _ first: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>?, meanFirst: Double,
        weights: [UInt8], room: UnsafeMutableBufferPointer<Float>, more: UnsafeMutableBufferPointer<Float>
    ) -> (first: ExcpRole, second: ExcpRole?) {
        let count = first.count
        let limit = Reductions.roundedDown(settings.beta * meanFirst)
        return room.withMemoryRebound(to: UInt32.self) { room in
            let kept = weights.withUnsafeBufferPointer { weights in
                KeptValues.positions(count, to: room) { i in
                    // Both are 0 or more, so their bits order as they do.
                    let isAbove = (limit.bitPattern &- first[i].magnitude.bitPattern) &>> 31
                    return IndexScan.isNonzero(weights[i]) & Int(isAbove)
                }
            }
            let positions = UnsafeBufferPointer(rebasing: room[..<kept])
            let values = UnsafeMutableBufferPointer(rebasing: more[..<kept])
            return (
                role(first, positions, values, positiveOnly: false),
                second.map { role($0, positions, values, positiveOnly: true) }
            )
        }
    }

    /// Codebook and indices of the values at some positions.
    /// - Parameters:
    ///   - kept: room for these values.
    ///   - positiveOnly: fit the centres to positive values alone where there are any, so that none of them comes back
    ///     as zero.
    private func role(
        _ values: UnsafeBufferPointer<Float>, _ positions: UnsafeBufferPointer<UInt32>,
        _ kept: UnsafeMutableBufferPointer<Float>, positiveOnly: Bool
    ) -> ExcpRole {
        var indices = [UInt8](repeating: 0, count: values.count)
        guard !positions.isEmpty else { return ExcpRole(codebook: [], indices: indices) }
        for i in 0..<positions.count { kept[i] = values[Int(positions[i])] }
        let source = UnsafeBufferPointer(kept)
        let codebook = codebook(source, positiveOnly: positiveOnly)
        let nearest = NearestCentre(codebook, count: source.count).indices(of: source)
        indices.withUnsafeMutableBufferPointer { indices in
            nearest.withUnsafeBufferPointer { nearest in
                for i in 0..<positions.count { indices[Int(positions[i])] = nearest[i] }
            }
        }
        return ExcpRole(codebook: codebook, indices: indices)
    }

    /// The kept values themselves where there are few, else k-means centres, rounded to bits + 5 mantissa bits.
    private func codebook(_ values: UnsafeBufferPointer<Float>, positiveOnly: Bool) -> [Float] {
        var fitted: [Float]
        if values.count > settings.centreCount {
            let centres: [Double]
            let positive = positiveOnly ? values.count { $0 > 0 } : 0
            if positive > 0, positive < values.count {
                centres = values.filter { $0 > 0 }.withUnsafeBufferPointer(fit)
            } else {
                centres = fit(values)
            }
            fitted = centres.map { CentreRounding.rounded(Float($0), bits: settings.bits + 5) }
        } else {
            fitted = Array(values)
        }
        var codebook: [Float] = []
        for value in fitted.sorted() where codebook.last != value { codebook.append(value == 0 ? 0 : value) }
        return codebook
    }

    private func fit(_ values: UnsafeBufferPointer<Float>) -> [Double] {
        KMeans.centres(values, count: settings.centreCount)
    }
}
