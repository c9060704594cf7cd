extension PageScript {
    /// All tensors: sorted, searched, folded, exported.
    static let table = #"""
        // All tensors: sorted, searched, folded, exported.
        const columns = [
            { id: "name", title: "name", text: null, value: null },
            { id: "role", title: "role", text: (line) => line.tensor ? roleNames[line.tensor.role] : "", value: (line) => line.tensor ? line.tensor.role : -1 },
            { id: "shape", title: "shape", text: (line) => line.tensor ? `${line.tensor.type} ${shown(line.tensor.shape)}` : plural(line.node.count, "tensor"), value: (line) => line.sum.elements },
            { id: "original", title: "original", isNumber: true, text: (line) => bytes(line.sum.original), value: (line) => line.sum.original },
            { id: "stored", title: "stored", isNumber: true, text: (line) => bytes(line.sum.stored), value: (line) => line.sum.stored },
            { id: "ratio", title: "ratio", isNumber: true, text: (line) => ratio(line.sum.ratio), value: (line) => line.sum.ratio },
            { id: "bits", title: "bits a value", isNumber: true, text: (line) => number(line.sum.bits, figure), value: (line) => line.sum.bits },
            { id: "unchanged", title: "unchanged", isNumber: true, text: (line) => number(line.sum.share, percent), value: (line) => line.sum.share },
            { id: "error", title: "error", isNumber: true, text: (line) => number(line.sum.loss, figure), value: (line) => line.sum.loss },
            { id: "coding", title: "coding", text: (line) => line.tensor ? line.tensor.coding : "", value: (line) => line.tensor ? line.tensor.coding : "" },
        ];
        const number = (value, text) => value == null ? "-" : text(value);
        const names = new Intl.Collator("en", { numeric: true });

        class TensorTable {
            constructor(table) {
                this.table = table;
                this.sort = { column: null, isDown: true };
                this.open = openFirst(root, 30, (node) => node.children);
                this.most = 80;
                this.search = find("table-search");
                this.flat = find("table-flat");
                let waiting;
                this.search.addEventListener("input", () => {
                    clearTimeout(waiting);
                    waiting = setTimeout(() => { this.most = 80; this.draw(); }, 120);
                });
                this.flat.addEventListener("change", () => this.draw());
                find("table-export").addEventListener("click", () => this.export());
                find("table-open").addEventListener("click", () => { this.openAll(root); this.draw(); });
                find("table-close").addEventListener("click", () => { this.open = new Set([root]); this.draw(); });
                this.more = find("table-more");
                this.more.addEventListener("click", () => { this.most += 500; this.draw(); });
                this.head();
                this.draw();
            }

            openAll(node) {
                this.open.add(node);
                node.children.forEach((child) => this.openAll(child));
            }

            head() {
                this.heads = columns.map((column) => {
                    const button = html("button", {}, column.title);
                    const cell = html("th", { scope: "col", class: column.isNumber ? "number" : column.id, "aria-sort": "none" }, button);
                    button.addEventListener("click", () => {
                        const isDown = this.sort.column === column ? !this.sort.isDown : !!column.isNumber;
                        this.sort = { column, isDown };
                        this.draw();
                    });
                    return cell;
                });
                this.table.tHead.replaceChildren(html("tr", {}, ...this.heads));
            }

            /// Tensors that the search leaves.
            found() {
                const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
                if (!words.length) return tensors;
                return tensors.filter((tensor) => {
                    tensor.text ??= `${tensor.node.name} ${tensor.key} ${roleNames[tensor.role]} ${tensor.coding} ${tensor.type}`.toLowerCase();
                    return words.every((word) => tensor.text.includes(word));
                });
            }

            compare(one, other) {
                const { column, isDown } = this.sort, turn = isDown ? -1 : 1;
                if (column.id === "name") return turn * names.compare(one.name, other.name);
                const left = column.value(one), right = column.value(other);
                // What has no value comes last, whatever the direction.
                if (left == null || right == null) return (left == null) - (right == null);
                return turn * (left < right ? -1 : left > right ? 1 : 0);
            }

            lineOf(tensor, depth, isWhole) {
                const name = (isWhole ? tensor.node.name : tensor.node.line) + (tensor.key ? " " + tensor.key : "");
                return { tensor, node: tensor.node, sum: tensor, depth, name: shown(name) };
            }

            /// Lines in order: folded nodes with what is in them, or only tensors.
            lines(found) {
                const ordered = (lines) => this.sort.column ? lines.sort((one, other) => this.compare(one, other)) : lines;
                if (this.flat.checked || found !== tensors) return ordered(found.map((tensor) => this.lineOf(tensor, 0, true)));
                const lines = [];
                const visit = (node, depth) => {
                    const inner = node.tensors.map((tensor) => this.lineOf(tensor, depth, node.children.length > 0));
                    for (const child of node.children) {
                        const isOne = child.isLeaf && child.tensors.length === 1;
                        inner.push(isOne ? this.lineOf(child.tensors[0], depth, false) : { node: child, sum: child.sum, depth, name: child.line, isFold: true });
                    }
                    for (const line of ordered(inner)) {
                        lines.push(line);
                        if (line.isFold && this.open.has(line.node)) visit(line.node, depth + 1);
                    }
                };
                visit(root, 0);
                return lines;
            }

            draw() {
                const found = this.found(), lines = this.lines(found);
                this.heads.forEach((cell, index) => {
                    const isSorted = columns[index] === this.sort.column;
                    cell.setAttribute("aria-sort", isSorted ? (this.sort.isDown ? "descending" : "ascending") : "none");
                });
                this.table.tBodies[0].replaceChildren(...lines.slice(0, this.most).map((line) => this.row(line)));
                this.more.hidden = lines.length <= this.most;
                this.more.textContent = "Show more of " + plural(lines.length, "line");
                this.foot(found);
            }

            row(line) {
                const row = html("tr", { class: line.isFold ? "fold" : null });
                columns.forEach((column, index) => {
                    row.append(index === 0 ? this.nameCell(line) : html("td", { class: column.isNumber ? "number" : column.id }, column.text(line)));
                });
                return row;
            }

            nameCell(line) {
                const indent = "d" + Math.min(line.depth, 8), title = shown(line.node.name), text = html("bdi", {}, line.name);
                if (!line.isFold) return html("th", { scope: "row", class: "name leaf " + indent, title }, text);
                const isOpen = this.open.has(line.node);
                const button = html("button", { class: "fold", "aria-expanded": String(isOpen) }, text);
                button.addEventListener("click", () => {
                    if (isOpen) this.open.delete(line.node); else this.open.add(line.node);
                    this.draw();
                    this.table.querySelectorAll("button.fold").forEach((other) => { if (other.node === line.node) other.focus(); });
                });
                button.node = line.node;
                return html("th", { scope: "row", class: "name " + indent, title }, button);
            }

            foot(found) {
                const original = found.reduce((sum, tensor) => sum + tensor.original, 0);
                const stored = found.reduce((sum, tensor) => sum + tensor.stored, 0);
                const rest = data.rest.reduce((sum, part) => sum + part[1], 0);
                const says = find("table-says");
                says.textContent = `${plural(found.length, "tensor")}: ${bytes(original)} -> ${bytes(stored)}`
                    + (found === tensors ? `; with ${bytes(rest)} that lie in no tensor ${bytes(stored + rest)}` : "");
                says.dataset.stored = stored;
                says.dataset.total = stored + rest;
            }

            /// The tensors that are found, in the order of the table.
            export() {
                const title = ["name", "key", "role", "dtype", "shape", "steps", "coding", "originalBytes", "storedBytes", "ratio", "bitsPerValue", "unchangedShare", "relativeSquaredError", "maxAbsoluteError"];
                const found = this.found().map((tensor) => this.lineOf(tensor, 0, true));
                if (this.sort.column) found.sort((one, other) => this.compare(one, other));
                const lines = found.map(({ tensor }) => [
                    tensor.node.name, tensor.key, roleNames[tensor.role], tensor.type, tensor.shape, tensor.steps, tensor.coding,
                    tensor.original, tensor.stored, tensor.ratio, tensor.bits, tensor.share, tensor.loss, tensor.largest,
                ].map(field).join(","));
                const blob = new Blob([[title.join(","), ...lines].join("\r\n") + "\r\n"], { type: "text/csv" });
                const link = html("a", { href: URL.createObjectURL(blob), download: data.file + ".csv" });
                link.click();
                setTimeout(() => URL.revokeObjectURL(link.href), 10000);
            }
        }

        /// A field of CSV. What a spreadsheet would take for a formula gets a quote in front.
        function field(value) {
            if (value == null) return "";
            if (typeof value === "number") return String(value);
            const text = /^[=+\-@\t\r]/.test(value) ? "'" + value : value;
            return /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
        }

        """#
}
