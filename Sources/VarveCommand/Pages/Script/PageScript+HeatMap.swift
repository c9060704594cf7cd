extension PageScript {
    /// Layers by steps.
    static let heatMap = #"""
        // Layers by steps.
        const measures = {
            bits: { title: "bits a weight", of: (cell) => cell.weightBits, text: figure, isLogarithmic: true },
            ratio: { title: "ratio", of: (cell) => cell.ratio, text: ratio, isLogarithmic: true },
            error: { title: "error", of: (cell) => cell.loss, text: figure, isLogarithmic: true },
            unchanged: { title: "unchanged share", of: (cell) => cell.share, text: percent, isLogarithmic: false },
        };
        const shades = 9;

        class HeatMap {
            constructor(box) {
                this.box = box;
                this.roles = data.rows ? data.rows.role : data.tensors.role;
                this.columns = data.columns.first.length;
                this.most = 60;
                const inner = (node) => this.childrenOf(node);
                this.open = openFirst(root, 40, inner);
                this.measure = find("heat-measure");
                this.role = find("heat-role");
                for (const control of [this.measure, this.role]) control.addEventListener("change", () => this.draw());
                this.more = find("heat-more");
                this.more.addEventListener("click", () => { this.most += 400; this.draw(); });
                find("heat-open").addEventListener("click", () => { this.openAll(root); this.draw(); });
                find("heat-close").addEventListener("click", () => { this.open = new Set([root]); this.draw(); });
                box.addEventListener("mousemove", (event) => this.point(event));
                box.addEventListener("mouseleave", hideHint);
                box.addEventListener("keydown", (event) => this.step(event));
                this.draw();
            }

            hasRows(node) {
                node.hasRows ??= node.rows.length > 0 || node.children.some((child) => this.hasRows(child));
                return node.hasRows;
            }
            childrenOf(node) { return node.children.filter((child) => this.hasRows(child)); }
            openAll(node) {
                this.open.add(node);
                this.childrenOf(node).forEach((child) => this.openAll(child));
            }

            /// Rows of cells below a node.
            rowsOf(node, found = []) {
                found.push(...node.rows);
                for (const child of node.children) this.rowsOf(child, found);
                return found;
            }

            /// The cells of a node, of the chosen role or of all.
            cells(node) {
                const role = this.role.value, wanted = role === "all" ? null : Number(role);
                const cells = Array.from({ length: this.columns }, () => new Figures());
                for (const row of this.rowsOf(node)) {
                    const isWeight = this.roles[row] === 0;
                    for (let column = 0; column < this.columns; column++) {
                        const elements = spread(data.cells.elements[row], column);
                        if (isWeight) cells[column].weights += elements;
                        if (wanted !== null && wanted !== this.roles[row]) continue;
                        this.add(cells[column], row, column, elements, wanted !== null || isWeight);
                    }
                }
                for (const cell of cells) cell.weightBits = cell.elements ? 8 * cell.stored / (cell.weights || cell.elements) : null;
                return cells;
            }

            add(cell, row, column, elements, countsError) {
                const at = row * this.columns + column;
                cell.elements += elements;
                cell.original += spread(data.cells.original[row], column);
                cell.stored += data.cells.stored[at];
                cell.unchanged += elements * data.cells.unchanged[at] / 1000;
                if (!countsError) return;
                cell.error += data.cells.error[at];
                cell.energy += data.cells.energy[at];
                cell.isLossy ||= data.cells.energy[at] > 0;
            }

            visible() {
                const lines = [];
                const visit = (node, depth) => {
                    for (const child of this.childrenOf(node)) {
                        lines.push({ node: child, depth });
                        if (this.open.has(child)) visit(child, depth + 1);
                    }
                };
                visit(root, 0);
                return lines;
            }

            draw() {
                const lines = [{ node: root, depth: 0 }, ...this.visible()], kind = measures[this.measure.value];
                const drawn = lines.slice(0, this.most);
                for (const line of drawn) {
                    line.cells = this.cells(line.node);
                    line.values = line.cells.map(kind.of);
                }
                this.scale(drawn.flatMap((line) => line.values), kind);
                this.box.replaceChildren(this.keyframes(), ...drawn.map((line) => this.strip(line, kind)), this.axis());
                this.more.hidden = lines.length <= drawn.length;
                this.more.textContent = "Show more of " + plural(lines.length, "line");
            }

            /// From the smallest to the largest value that is drawn.
            scale(values, kind) {
                const known = values.filter((value) => value != null && (!kind.isLogarithmic || value > 0));
                const place = kind.isLogarithmic ? Math.log : (value) => value;
                let low = Infinity, high = -Infinity;
                for (const value of known) { low = Math.min(low, value); high = Math.max(high, value); }
                if (!known.length) low = high = 1;
                const from = place(low), width = place(high) - from;
                this.shade = (value) => {
                    if (value == null) return -1;
                    if (kind.isLogarithmic && value <= 0) return 0;
                    return width > 0 ? Math.min(shades - 1, Math.floor((place(value) - from) / width * shades)) : 0;
                };
                const value = (part) => kind.isLogarithmic ? Math.exp(from + width * part) : from + width * part;
                const swatches = Array.from({ length: shades }, (_, index) => html("span", { class: "swatch q" + index }));
                find("heat-legend").replaceChildren(
                    html("span", {}, kind.text(value(0))), html("span", { class: "swatches" }, ...swatches),
                    html("span", {}, kind.text(value(1))), html("span", { class: "swatch none" }), html("span", {}, "none"));
            }

            strip({ node, depth, cells, values }, kind) {
                const picture = svg("svg", {
                    viewBox: `0 0 ${this.columns} 1`, preserveAspectRatio: "none", tabindex: 0, role: "img",
                    "aria-label": `${node === root ? "all" : shown(node.name)}: ${kind.title} of ${plural(this.columns, "column")}`,
                });
                // Cells of one shade that follow each other are one rectangle.
                for (let start = 0, end; start < this.columns; start = end) {
                    const shade = this.shade(values[start]);
                    for (end = start + 1; end < this.columns && this.shade(values[end]) === shade;) end++;
                    picture.append(svg("rect", { x: start, y: 0, width: end - start, height: 1, class: shade < 0 ? "none" : "q" + shade }));
                }
                const line = html("div", { class: "strip" + (node === root ? " all" : "") }, this.label(node, depth), picture);
                Object.assign(picture, { node, cells, kind });
                return line;
            }

            label(node, depth) {
                if (node === root) return html("span", { class: "label" }, "all");
                const indent = "d" + Math.min(depth, 8);
                if (!this.childrenOf(node).length) return html("span", { class: "label leaf " + indent, title: shown(node.name) }, html("bdi", {}, node.line));
                const isOpen = this.open.has(node);
                const button = html("button", { class: "label fold " + indent, "aria-expanded": String(isOpen), title: shown(node.name) }, html("bdi", {}, node.line));
                button.addEventListener("click", () => {
                    if (isOpen) this.open.delete(node); else this.open.add(node);
                    this.draw();
                    this.box.querySelectorAll("svg").forEach((other) => { if (other.node === node) other.previousSibling.focus(); });
                });
                return button;
            }

            keyframes() {
                const picture = svg("svg", { viewBox: `0 0 ${this.columns} 1`, preserveAspectRatio: "none", "aria-hidden": "true" });
                data.columns.keyframes.forEach((count, column) => {
                    if (count) picture.append(svg("rect", { x: column, y: 0, width: 1, height: 1, class: "keyframe" }));
                });
                return html("div", { class: "strip marks" }, html("span", { class: "label" }, "keyframes"), picture);
            }

            axis() {
                const most = Math.max(1, Math.min(this.columns, Math.floor((this.box.clientWidth || 600) * 0.6 / 60)));
                const labels = [];
                for (let index = 0; index < most; index++) {
                    const column = Math.floor(index * this.columns / most);
                    labels.push(html("span", {}, String(data.columns.first[column])));
                }
                return html("div", { class: "strip axis" }, html("span", { class: "label" }, "step"), html("div", { class: "ticks" }, ...labels));
            }

            text(picture, column) {
                const cell = picture.cells[column], first = data.columns.first[column], last = data.columns.last[column];
                return [
                    picture.node === root ? "all" : shown(picture.node.name),
                    (first === last ? "step " + first : `steps ${first} to ${last}`) + (data.columns.keyframes[column] ? ", keyframe" : ""),
                    `${bytes(cell.original)} -> ${bytes(cell.stored)}, ${ratio(cell.ratio)}`,
                    `bits a weight ${cell.weightBits == null ? "-" : figure(cell.weightBits)}, `
                        + `error ${cell.loss == null ? "-" : figure(cell.loss)}, unchanged ${cell.share == null ? "-" : percent(cell.share)}`,
                ];
            }

            point(event) {
                const picture = event.target.closest?.("svg");
                if (!picture?.cells) return hideHint();
                const box = picture.getBoundingClientRect();
                const column = Math.floor((event.clientX - box.left) / box.width * this.columns);
                showHint(event, this.text(picture, Math.max(0, Math.min(this.columns - 1, column))));
            }

            /// Left and right read the cells of a strip out.
            step(event) {
                const picture = event.target, move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
                if (!move || !picture.cells) return;
                event.preventDefault();
                picture.at = Math.max(0, Math.min(this.columns - 1, (picture.at ?? (move > 0 ? -1 : this.columns)) + move));
                find("heat-says").textContent = this.text(picture, picture.at).join("; ");
            }
        }

        /// A number of every step of a row, or one of each column.
        function spread(value, column) { return typeof value === "number" ? value * data.columns.steps[column] : value[column]; }

        """#
}
