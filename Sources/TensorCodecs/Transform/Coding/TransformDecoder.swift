/// Replays one step of a quantized group of parameters: from their states after the step before to those after this
/// one.
package struct TransformDecoder: Sendable {
    /// A parameter as the step finds it.
    package struct Member: Sendable {
        package var form: MatrixForm
        package var format: FloatFormat
        /// `nil` where nothing comes before (the step must then hold a keyframe for it).
        package var state: TransformState?

        package init(form: MatrixForm, format: FloatFormat, state: TransformState?) {
            self.form = form
            self.format = format
            self.state = state
        }
    }

    /// What the first blob says.
    package struct Chain: Sendable {
        package var states: [TransformState]
        package var headers: [TransformHeader]
        /// First moments of keyframes; `nil` elsewhere.
        package var keyframeMoments: [[Float]?]
    }

    /// Decodes the first blob.
    /// - Throws: `.corrupt` for anything that `TransformPacking` does not write.
    package static func unpackChain(_ bytes: [UInt8], _ members: [Member]) throws(CodecError) -> Chain {
        var reader = ByteReader(bytes)
        var headers: [TransformHeader] = []
        for member in members {
            headers.append(
                try TransformHeader(from: &reader, tiles: member.form.tiles.count, elements: member.form.count))
        }
        let streams = try Streams(&reader, count: 7)

        // Exponents first: scales and bases follow from them.
        var symbolClasses: [UInt8] = []
        for (member, header) in zip(members, headers) {
            for position in 0..<header.exponentCount {
                symbolClasses += ExponentClasses.classes(
                    member.form, isDifference: member.exponents(position) != nil)
            }
        }
        var symbols = Levels(try streams.unpack(0, symbolClasses))
        symbolClasses = []
        var states: [TransformState?] = []
        for (member, header) in zip(members, headers) {
            var exponents: [RankOneExponents] = []
            for position in 0..<header.exponentCount {
                exponents.append(
                    try RankOneExponents.decode(
                        symbols.take(
                            RankOneExponents.symbolCount(rows: member.form.rows, columns: member.form.columns)),
                        rows: member.form.rows, columns: member.form.columns, previous: member.exponents(position)))
            }
            if header.kind == .keyframe {
                var state = TransformState(form: member.form, format: member.format, exactly: [])
                state.beginKeyframe(exponents)
                state.takeSketches(header)
                states.append(state)
            } else {
                guard var state = member.state else { throw .corrupt("a change without anything before it") }
                try state.begin(header, exponents: exponents)
                states.append(state)
            }
        }

        try unpackHeld(streams, &states, headers)

        // Then the levels, whose classes follow from the bases.
        let energyCount = zip(states, headers).reduce(0) { $0 + ($1.1.kind.isDelta ? $1.0?.energySymbolCount ?? 0 : 0) }
        var energies = Levels(try streams.unpack(1, [UInt8](repeating: 0, count: energyCount)))
        var deltaClasses: [UInt8] = [], keyframeClasses: [UInt8] = [], momentCount = 0
        for (state, header) in zip(states, headers) {
            guard let state else { continue }
            switch header.kind {
            case .delta, .firstDelta:
                deltaClasses += try state.classes(header, energies: energies.take(state.energySymbolCount))
            case .keyframe:
                keyframeClasses += KeyframeClasses.classes(state.scale, state.form, offsets: header.offsets)
                if header.moment != nil { momentCount += state.form.count }
            case .hold: break
            }
        }
        var deltas = Levels(try streams.unpack(2, deltaClasses))
        var keyframes = Levels(try streams.unpack(3, keyframeClasses))
        var moments = Levels(try streams.unpack(4, [UInt8](repeating: 0, count: momentCount)))
        var result = Chain(states: [], headers: headers, keyframeMoments: [])
        for (position, header) in headers.enumerated() {
            guard var state = states[position] else { continue }
            states[position] = nil
            var moment: [Float]?
            switch header.kind {
            case .delta, .firstDelta: try state.add(deltas.take(state.form.count), of: header)
            case .keyframe:
                let levels = keyframes.take(state.form.count)
                var directions: [Float] = []
                if let quantized = header.moment {
                    let levels = moments.take(state.form.count)
                    moment = MomentUnits(state.exponents.first, state.form).restored(levels, quantized)
                    directions = MomentUnits.directions(levels, quantized)
                }
                state.takeKeyframe(header, levels: levels, initialDirections: directions)
            case .hold: break
            }
            result.states.append(state)
            result.keyframeMoments.append(moment)
        }
        return result
    }

    /// Which elements keep their bits: symbols of rows, then of the elements of mixed rows.
    private static func unpackHeld(
        _ streams: Streams, _ states: inout [TransformState?], _ headers: [TransformHeader]
    ) throws(CodecError) {
        let positions = headers.indices.filter { headers[$0].holdsElements }
        let rowCount = positions.reduce(0) { $0 + (states[$1]?.form.rows ?? 0) }
        var rowSymbols = Levels(try streams.unpack(5, [UInt8](repeating: 0, count: rowCount)))
        var rows: [Int: [Int32]] = [:], classes: [UInt8] = []
        for position in positions {
            guard let state = states[position] else { continue }
            let symbols = rowSymbols.take(state.form.rows)
            rows[position] = symbols
            classes += HeldElements.classes(symbols, base: state.base, state.format, state.form)
        }
        var elements = Levels(try streams.unpack(6, classes))
        for position in positions {
            guard let form = states[position]?.form, let symbols = rows[position] else { continue }
            let mixed = symbols.count { $0 == HeldElements.Row.some }
            states[position]?.held = try HeldElements(
                rows: symbols, elements: elements.take(mixed * form.columns), form)
        }
    }

    /// Restored values of a parameter's moments, before they are rounded to their formats.
    package struct Moments: Sendable {
        /// `nil` where neither blob says anything of one; zero is then what is meant.
        package var first: [Float]
        package var second: [Float]?
        package var maximum: [Float]?
    }

    /// Decodes the second blob.
    /// - Parameter bytes: `nil` where the step has none.
    package static func unpackMoments(_ bytes: [UInt8]?, _ chain: Chain) throws(CodecError) -> [Moments] {
        var headers = [TransformMoments](repeating: TransformMoments(), count: chain.states.count)
        if let bytes {
            var reader = ByteReader(bytes)
            for position in headers.indices {
                headers[position] = try TransformMoments(from: &reader)
                if case .levels = headers[position].first, chain.keyframeMoments[position] != nil {
                    throw reader.corrupt("a first moment that the keyframe has")
                }
            }
            let streams = try Streams(&reader, count: 2)
            var first = 0, second = 0
            for (header, state) in zip(headers, chain.states) {
                if case .levels = header.first { first += state.form.count }
                if header.secondStepSize > 0 { second += state.form.count }
            }
            var firstLevels = Levels(try streams.unpack(0, [UInt8](repeating: 0, count: first)))
            var secondLevels = Levels(try streams.unpack(1, [UInt8](repeating: 0, count: second)))
            for (position, state) in chain.states.enumerated() {
                if case .levels = headers[position].first {
                    headers[position].firstLevels = firstLevels.take(state.form.count)
                }
                if headers[position].secondStepSize > 0 {
                    guard !state.exponents.isEmpty else { throw .corrupt("a residual of no second moment") }
                    headers[position].secondLevels = secondLevels.take(state.form.count)
                }
            }
        }
        var result: [Moments] = []
        for (position, state) in chain.states.enumerated() {
            let second = state.exponents.first.map { headers[position].second($0) }
            let first =
                chain.keyframeMoments[position]
                ?? headers[position].first(unit: state.unit, scale: state.scale, form: state.form, second: second)
            result.append(
                Moments(
                    first: first, second: second, maximum: state.exponents.count > 1 ? state.exponents[1].values : nil))
        }
        return result
    }

    /// Byte runs of a blob's streams.
    private struct Streams {
        private var runs: [ArraySlice<UInt8>] = []

        init(_ reader: inout ByteReader, count: Int = 5) throws(CodecError) {
            for _ in 0..<count { runs.append(try reader.readBytes(reader.readCount(upTo: reader.remaining))) }
            try reader.expectEnd()
        }

        func unpack(_ index: Int, _ classes: [UInt8]) throws(CodecError) -> [Int32] {
            guard !classes.isEmpty || !runs[index].isEmpty else { return [] }
            return try RansCoder.decode(Array(runs[index]), classes: classes)
        }
    }

    /// Levels of several parameters, handed out in order. There are as many as there were classes.
    private struct Levels {
        private let levels: [Int32]
        private var position = 0

        init(_ levels: [Int32]) { self.levels = levels }

        mutating func take(_ count: Int) -> [Int32] {
            defer { position += count }
            // All of them: nothing is copied.
            return count == levels.count ? levels : Array(levels[position..<position + count])
        }
    }
}

extension TransformDecoder.Member {
    /// Exponents of the step before, second moment and maximum.
    func exponents(_ position: Int) -> RankOneExponents? {
        guard let known = state?.exponents, position < known.count else { return nil }
        return known[position]
    }
}
