// VitePress's own theme, with a few rules for tables and small screens.
import theme from "vitepress/theme";
import "./style.css";

export default theme;
