extension PageScript {
    /// Tensors, bits against error.
    static let scatter = #"""
        // Tensors: bits against error.
        class Scatter {
            constructor(box) {
                this.box = box;
                this.points = tensors.filter((tensor) => tensor.loss > 0 && tensor.chainBits > 0).map((tensor) => ({
                    tensor, bits: Math.log10(tensor.chainBits), loss: Math.log10(tensor.loss),
                }));
                find("scatter-none").hidden = this.points.length > 0;
                if (!this.points.length) return;
                this.outliers = this.findOutliers();
                find("scatter-outliers").replaceChildren(...this.outliers.map((point) => html("li", {}, html("bdi", {}, this.name(point.tensor)),
                    `, ${roleNames[point.tensor.role]}: ${figure(point.tensor.chainBits)} bits a value, error ${figure(point.tensor.loss)}`)));
                find("scatter-says").hidden = !this.outliers.length;
                box.addEventListener("mousemove", (event) => this.point(event));
                box.addEventListener("mouseleave", hideHint);
                onWidth(box, () => this.draw());
            }

            name(tensor) { return shown(tensor.node.name + (tensor.key ? " " + tensor.key : "")); }

            /// Of each role those that lie far from the median, in either direction, by the median of the distances.
            findOutliers() {
                const median = (values) => { const sorted = values.slice().sort((one, other) => one - other); return sorted[sorted.length >> 1]; };
                const found = [];
                for (let role = 0; role < roleNames.length; role++) {
                    const points = this.points.filter((point) => point.tensor.role === role);
                    if (points.length < 8) continue;
                    for (const axis of ["bits", "loss"]) {
                        const middle = median(points.map((point) => point[axis]));
                        const spread = Math.max(0.05, median(points.map((point) => Math.abs(point[axis] - middle))));
                        for (const point of points) point.far = Math.max(point.far ?? 0, Math.abs(point[axis] - middle) / spread);
                    }
                    found.push(...points.filter((point) => point.far > 5));
                }
                return found.sort((one, other) => other.far - one.far).slice(0, 8);
            }

            draw() {
                const width = this.box.clientWidth, height = Math.max(280, Math.min(560, Math.round(width * 0.55)));
                const left = 62, bottom = 40, top = 10, right = 12;
                const range = (axis) => {
                    let low = Infinity, high = -Infinity;
                    for (const point of this.points) { low = Math.min(low, point[axis]); high = Math.max(high, point[axis]); }
                    const room = Math.max(0.04, (high - low) * 0.05);
                    return [low - room, high + room];
                };
                const [lowX, highX] = range("bits"), [lowY, highY] = range("loss");
                this.x = (value) => left + (value - lowX) / (highX - lowX) * (width - left - right);
                this.y = (value) => height - bottom - (value - lowY) / (highY - lowY) * (height - top - bottom);
                const picture = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${plural(this.points.length, "tensor")}: bits a value against error` });
                this.axis(picture, lowX, highX, (at, text) => [[this.x(at), top, this.x(at), height - bottom], [this.x(at), height - bottom + 16, "middle", text]], (width - left) / 60);
                this.axis(picture, lowY, highY, (at, text) => [[left, this.y(at), width - right, this.y(at)], [left - 6, this.y(at) + 4, "end", text]], height / 36);
                picture.append(svg("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, "bits a value, in steps that build on another"));
                picture.append(svg("text", { x: 12, y: height / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${height / 2})` }, "error"));
                this.dots(picture);
                this.names(picture, width);
                this.box.replaceChildren(picture);
            }

            axis(picture, low, high, place, most) {
                const tenths = Array.from({ length: 90 }, (_, index) => (index + 10) / 10);
                const sets = [tenths, [1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5],
                    [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1]];
                const ticksOf = (digits) => {
                    const ticks = [];
                    for (let power = Math.floor(low); power <= high; power++) {
                        for (const digit of digits) {
                            const at = power + Math.log10(digit);
                            if (at >= low && at <= high) ticks.push([at, digit, power]);
                        }
                    }
                    return ticks;
                };
                // The closest lines that there is room for.
                const ticks = sets.map(ticksOf).find((ticks) => ticks.length <= Math.max(2, most)) ?? ticksOf([1]);
                const every = Math.ceil(ticks.length / Math.max(2, most));
                ticks.forEach(([at, digit, power], index) => {
                    if (index % every) return;
                    const text = power < -3 || power > 3 ? digit + "e" + power : String(Number((digit * 10 ** power).toPrecision(2)));
                    const [line, label] = place(at, text);
                    picture.append(svg("line", { x1: line[0], y1: line[1], x2: line[2], y2: line[3], class: "grid" }));
                    picture.append(svg("text", { x: label[0], y: label[1], "text-anchor": label[2] }, label[3]));
                });
            }

            /// One path a role: points without length with round ends. Points that cover each other are one.
            dots(picture) {
                const seen = new Set();
                const paths = roleNames.map(() => []);
                for (const point of this.points) {
                    const x = Math.round(this.x(point.bits)), y = Math.round(this.y(point.loss)), role = point.tensor.role;
                    const spot = (role * 10000 + y) * 10000 + x;
                    if (seen.has(spot)) continue;
                    seen.add(spot);
                    paths[role].push(`M${x} ${y}h0`);
                }
                const size = this.points.length > 2000 ? "dots small" : "dots";
                paths.forEach((path, role) => {
                    if (path.length) picture.append(svg("path", { d: path.join(""), class: `${size} ${roleClasses[role]}` }));
                });
            }

            names(picture, width) {
                const taken = [];
                for (const point of this.outliers) {
                    const x = this.x(point.bits), y = this.y(point.loss), isRight = x > width / 2;
                    if (taken.some((other) => Math.abs(other - y) < 14)) continue;
                    taken.push(y);
                    const letters = Math.floor((isRight ? x - 70 : width - x - 20) / 6.6), name = [...this.name(point.tensor)];
                    const text = name.length > letters ? "\u2026" + name.slice(name.length - letters + 1).join("") : name.join("");
                    picture.append(svg("circle", { cx: x, cy: y, r: 6, class: "ring" }));
                    picture.append(svg("text", { x: x + (isRight ? -9 : 9), y: y + 4, "text-anchor": isRight ? "end" : "start", class: "named" }, text));
                }
            }

            point(event) {
                const box = this.box.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
                let nearest = null, least = 144;
                for (const point of this.points) {
                    const distance = (this.x(point.bits) - x) ** 2 + (this.y(point.loss) - y) ** 2;
                    if (distance < least) { least = distance; nearest = point; }
                }
                if (!nearest) return hideHint();
                const tensor = nearest.tensor;
                showHint(event, [this.name(tensor), `${roleNames[tensor.role]}, ${tensor.type} ${tensor.shape}`,
                    `${figure(tensor.chainBits)} bits a value, error ${figure(tensor.loss)}`]);
            }
        }

        """#
}
