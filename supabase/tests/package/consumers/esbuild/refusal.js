import { refusalOf } from "interview-sessions";

console.log(refusalOf(null));
