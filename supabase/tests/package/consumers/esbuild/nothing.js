import "interview-sessions";
import "interview-sessions/react";

console.log("nothing else");
