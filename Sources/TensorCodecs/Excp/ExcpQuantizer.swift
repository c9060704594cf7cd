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
        precondition(first.map { $0.count == residual.count } ?? (second == nil), "a second moment needs a first")
        precondition(second.map { $0.count == residual.count } ?? true, "roles of one length")
        let kept = keepWeights(residual, second)
        let weight = role(kept, count: residual.count, positiveOnly: false)
        guard let first else { return ExcpTensor(weight: weight) }
        let moments = keepMoments(first, second, weight.indices)
        return ExcpTensor(
            weight: weight,
            first: role(moments.first, count: residual.count, positiveOnly: false),
            second: moments.second.map { role($0, count: residual.count, positiveOnly: true) })
    }

    /// Keeps R where |R| > min(2.5, alpha / sqrt(v)) * median|R|, v the second moment's mean or the element's own.
    private func keepWeights(_ residual: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>?)
        -> KeptValues
    {
        let median = Median.magnitude(residual)
        guard let second else { return keepWeights(residual, above: median) }
        switch settings.threshold {
        case .published:
            let slope = Reductions.mean(second).squareRoot()
            return keepWeights(residual, above: factor(slope) * median)
        case .element:
            return KeptValues(residual) { i in
                Double(residual[i].magnitude) > factor(Double(second[i]).squareRoot()) * median
            }
        }
    }

    private func keepWeights(_ residual: UnsafeBufferPointer<Float>, above threshold: Double) -> KeptValues {
        let limit = Reductions.roundedDown(threshold)
        return KeptValues(residual) { residual[$0].magnitude > limit }
    }

    /// min(2.5, alpha / slope); 2.5 for slope 0.
    @inline(__always)
    private func factor(_ slope: Double) -> Double {
        let factor = settings.alpha / slope
        return factor < ExcpSettings.factorLimit ? factor : ExcpSettings.factorLimit
    }

    /// Keeps both moments where the weight was kept and |first| > beta * mean|first|.
    private func keepMoments(
        _ first: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>?, _ weights: [UInt8]
    ) -> (first: KeptValues, second: KeptValues?) {
        let limit = Reductions.roundedDown(settings.beta * Reductions.meanMagnitude(first))
        let kept = weights.withUnsafeBufferPointer { weights in
            KeptValues(first, within: weights) { first[$0].magnitude > limit }
        }
        return (kept, second.map { kept.sameMask($0) })
    }

    /// Codebook and indices of the kept values.
    /// - Parameter positiveOnly: fit the centres to positive values alone where there are any, so that none of them
    ///   comes back as zero.
    private func role(_ kept: KeptValues, count: Int, positiveOnly: Bool) -> ExcpRole {
        guard !kept.values.isEmpty else { return .pruned(count: count) }
        let codebook = codebook(kept.values, positiveOnly: positiveOnly)
        var indices = kept.mask
        kept.values.withUnsafeBufferPointer { values in
            let nearest = [UInt8](unsafeUninitializedCapacity: values.count) { output, filled in
                NearestCentre(codebook, count: values.count)
                    .assign(values, to: UnsafeMutableBufferPointer(rebasing: output[..<values.count]))
                filled = values.count
            }
            indices.withUnsafeMutableBufferPointer { indices in
                var next = 0
                nearest.withUnsafeBufferPointer { nearest in
                    IndexScan.forEachNonzero(UnsafeBufferPointer(indices)) { position in
                        indices[position] = nearest[next]
                        next &+= 1
                    }
                }
            }
        }
        return ExcpRole(codebook: codebook, indices: indices)
    }

    /// The kept values themselves where there are few, else k-means centres, rounded to bits + 5 mantissa bits.
    private func codebook(_ values: [Float], positiveOnly: Bool) -> [Float] {
        var fitted = values
        if values.count > settings.centreCount {
            if positiveOnly, values.contains(where: { $0 > 0 }) { fitted.removeAll { !($0 > 0) } }
            let centres = fitted.withUnsafeBufferPointer { KMeans.centres($0, count: settings.centreCount) }
            fitted = centres.map { CentreRounding.rounded(Float($0), bits: settings.bits + 5) }
        }
        var codebook: [Float] = []
        for value in fitted.sorted() where codebook.last != value { codebook.append(value == 0 ? 0 : value) }
        return codebook
    }
}
