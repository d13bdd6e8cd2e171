for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.querySelectorAll("thead th[scope=col]")], body = table.tBodies[0];
  const number = text => text === "–" ? NaN : Number(text);
  const order = (a, b) => isNaN(number(a)) || isNaN(number(b))
    ? (a === "–") - (b === "–") || a.localeCompare(b) : number(a) - number(b);
  heads.forEach((head, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.ariaSort === "ascending" ? -1 : 1;
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const text = row => row.cells[index].textContent.replaceAll("−", "-");
      body.append(...[...body.rows].sort((a, b) => sign * order(text(a), text(b))));
    });
  });
}
