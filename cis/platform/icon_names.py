"""The pictures that pages use, by their names in @tabler/icons: these and no others are served."""

ICONS = frozenset({
    "address-book-off", "alert-circle", "alert-triangle", "arrow-left", "arrows-split-2", "battery-2", "bolt", "book-2",
    "building-bank", "building-store", "cash-register", "lock",
    "bulb", "calculator", "calendar-event", "calendar-repeat", "camera", "cash", "cash-off", "chart-bar",
    "chart-histogram", "check", "checks", "chevron-left", "chevron-right", "circle-check", "clipboard-check",
    "clock-hour-4", "credit-card", "download", "edit", "eye", "file-import", "file-invoice", "file-off", "file-text",
    "file-type-pdf", "file-upload", "file-x", "filter", "gauge", "gavel", "git-compare", "hand-stop", "help-circle",
    "history", "home", "home-bolt", "id", "inbox", "info-circle", "key", "keyboard", "list-check", "list-details",
    "logout", "mail", "mail-opened", "map-2", "map-pin", "moon", "phone", "plant-2", "player-play", "plug",
    "plug-off", "plus", "printer", "progress", "receipt", "receipt-2", "receipt-off", "refresh-dot", "refresh-off",
    "reload", "route", "scale", "search", "search-off", "send", "shield-lock", "sun", "tag", "tools", "topology-star-3",
    "trash", "trending-down", "trending-up", "upload", "user", "user-circle", "user-plus", "user-shield", "users",
    "users-group", "versions", "x",
})  # fmt: skip
