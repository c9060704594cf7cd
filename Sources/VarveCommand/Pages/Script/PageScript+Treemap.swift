extension PageScript {
    /// The archive as rectangles.
    static let treemap = #"""
        // The archive as rectangles.
        class Treemap {
            constructor(box) {
                this.box = box;
                this.top = root;
                this.path = find("treemap-path");
                box.addEventListener("mousemove", (event) => this.point(event));
                box.addEventListener("mouseleave", hideHint);
                box.addEventListener("click", (event) => this.enter(this.partAt(event.target)));
                box.addEventListener("keydown", (event) => {
                    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.enter(this.partAt(event.target)); }
                });
                onWidth(box, () => this.draw());
            }

            /// The parts of a node, the largest first: what lies in no tensor too, at the top.
            parts(node) {
                const parts = node.children.map((child) => {
                    const part = { stored: child.sum.stored, name: shown(child.name), label: child.line };
                    if (!child.isLeaf || child.tensors.length !== 1) return { node: child, ...part };
                    return { tensor: child.tensors[0], role: roleClasses[child.tensors[0].role], ...part };
                });
                for (const tensor of node.tensors) {
                    const title = tensor.key ? `${shown(node.name)} ${shown(tensor.key)}` : shown(node.name);
                    parts.push({ tensor, stored: tensor.stored, role: roleClasses[tensor.role], name: title, label: node.children.length ? title : roleNames[tensor.role] });
                }
                if (node === root) {
                    for (const [name, stored] of data.rest) parts.push({ stored, role: "payload", name, label: name });
                }
                return parts.filter((part) => part.stored > 0).sort((one, other) => other.stored - one.stored);
            }

            draw() {
                const width = this.box.clientWidth, height = Math.max(260, Math.min(640, Math.round(width * 0.5)));
                const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "treemap of stored bytes" });
                this.total = data.total;
                this.fill(picture, this.parts(this.top), 0, 0, width, height, 0);
                this.box.replaceChildren(picture);
                this.box.dataset.bytes = this.parts(this.top).reduce((sum, part) => sum + part.stored, 0);
                const steps = [];
                for (let node = this.top; node; node = node === root ? null : this.above(node)) steps.unshift(node);
                this.path.replaceChildren(...steps.map((node) => this.crumb(node)));
            }

            above(node) {
                // Joined names are one step.
                for (let count = node.joined ? node.joined.split(".").length : 0; count > 0; count--) node = node.parent;
                return node.parent;
            }

            crumb(node) {
                const button = html("button", { "aria-current": node === this.top ? "true" : null }, html("bdi", {}, node === root ? "archive" : node.line));
                button.addEventListener("click", () => { this.top = node; this.draw(); });
                return button;
            }

            fill(group, parts, x, y, width, height, depth) {
                const sum = parts.reduce((total, part) => total + part.stored, 0);
                for (const [part, box] of squarified(parts, sum, x, y, width, height)) this.part(group, part, box, depth);
            }

            part(group, part, [x, y, width, height], depth) {
                const inner = part.node, isSmall = width < 8 || height < 8 || width * height < 400;
                const role = part.role ?? roleClasses[inner.byRole.indexOf(Math.max(...inner.byRole))];
                const button = inner && depth === 0 ? { tabindex: 0, role: "button", "aria-label": `${part.name}, ${bytes(part.stored)}` } : {};
                if (!inner || isSmall) {
                    const tile = svg("rect", { x, y, width, height, class: `part ${role}`, ...button });
                    tile.part = part;
                    group.append(tile);
                    this.label(group, part.label, x, y, width, height, "inside");
                    return;
                }
                const made = svg("g", button);
                made.part = part;
                group.append(made);
                const head = depth < 3 && height > 44 && width > 50 ? 16 : 0, edge = depth < 2 && width > 30 && height > 30 ? 2 : 0;
                made.append(svg("rect", { x, y, width, height, class: "group" }));
                if (head) this.label(made, part.label, x, y, width, head + 4, "head");
                this.fill(made, this.parts(inner), x + edge, y + head + (head ? 0 : edge), width - 2 * edge, height - head - edge - (head ? 0 : edge), depth + 1);
            }

            label(group, text, x, y, width, height, kind) {
                const letters = Math.floor((width - 8) / 6.6);
                if (height < 15 || letters < 3) return;
                const cut = [...text].length > letters ? [...text].slice(0, letters - 1).join("") + "\u2026" : text;
                group.append(svg("text", { x: x + 4, y: y + 12, class: kind }, cut));
            }

            point(event) {
                const part = this.partAt(event.target);
                if (!part) return hideHint();
                const lines = [part.name, `${bytes(part.stored)}, ${percent(part.stored / this.total)} of the archive`];
                if (part.tensor) lines.push(`${roleNames[part.tensor.role]}, ${part.tensor.coding}, ${figure(part.tensor.bits ?? 0)} bits a value`);
                else if (part.node) lines.push(plural(part.node.count, "tensor"));
                showHint(event, lines);
            }

            partAt(target) { return target.part ?? target.closest?.("g")?.part; }

            /// Goes one level down, towards what was chosen.
            enter(part) {
                let node = part?.node ?? part?.tensor?.node;
                while (node && node !== this.top && this.above(node) !== this.top) node = this.above(node);
                if (!node || node === this.top) return;
                hideHint();
                this.top = node;
                this.draw();
                this.path.lastElementChild.focus();
            }
        }

        /// Rectangles that are as square as can be, of areas as the parts' bytes.
        function squarified(parts, sum, x, y, width, height) {
            const placed = [];
            if (!(sum > 0) || width <= 0 || height <= 0) return placed;
            const scale = width * height / sum;
            const worst = (area, least, most, side) => Math.max(side * side * most / (area * area), area * area / (side * side * least));
            let start = 0;
            while (start < parts.length) {
                const side = Math.min(width, height);
                if (side <= 0.01) break;
                let area = parts[start].stored * scale, end = start + 1;
                while (end < parts.length) {
                    const next = parts[end].stored * scale;
                    const most = parts[start].stored * scale;
                    if (worst(area + next, next, most, side) > worst(area, parts[end - 1].stored * scale, most, side)) break;
                    area += next;
                    end++;
                }
                const thick = area / side;
                let along = width < height ? x : y;
                for (let index = start; index < end; index++) {
                    const long = parts[index].stored * scale / thick;
                    placed.push([parts[index], width < height ? [along, y, long, thick] : [x, along, thick, long]]);
                    along += long;
                }
                if (width < height) { y += thick; height -= thick; } else { x += thick; width -= thick; }
                start = end;
            }
            return placed;
        }

        """#
}
