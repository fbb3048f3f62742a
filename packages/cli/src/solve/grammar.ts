/** The grammar of one statement. ohm-js interprets it: nothing is compiled from text. */
import { grammar } from 'ohm-js';

export const language = grammar(String.raw`
  System {
    Statement
      = name "'" equals Expression                      -- prime
      | leibniz equals Expression                       -- leibniz
      | name "(" Expression ")" equals Expression       -- initial
      | keyword<"t"> equals Expression ".." Expression  -- span
      | keyword<"stop"> keyword<"when"> Expression relation Expression -- stop
      | ~(keyword<"t">) name equals Expression          -- definition

    Expression = Product (plus Product)*
    Product = Signed (times Signed)*
    Signed = sign* Power
    Power = Primary (raise Exponent)*
    Exponent = sign* Primary
    Primary
      = "(" Expression ")"                                              -- group
      | keyword<"if"> "(" Condition "," Expression "," Expression ")"   -- if
      | name "(" ListOf<Expression, ","> ")"                            -- call
      | name                                                            -- name
      | number

    Condition = Both (keyword<"or"> Both)*
    Both = Negated (keyword<"and"> Negated)*
    Negated = keyword<"not">* Comparison
    Comparison
      = Expression comparator Expression  -- compare
      | "(" Condition ")"                 -- group

    keyword<word> = word ~namePart
    equals (“=”) = "=" ~"="
    relation (“=”, “<” or “>”) = ("=" | "<" | ">") ~"="
    comparator (a comparison) = "<=" | ">=" | "==" | "!=" | "<" | ">"
    plus (an operator) = "+" | "-"
    times (an operator) = "*" ~"*" | "/"
    raise (an operator) = "**" | "^"
    sign (a sign) = "+" | "-"
    leibniz (“d…/dt”) = "d" nameStart namePart* " "* "/" " "* keyword<"dt">
    name (a name) = ~(("if" | "and" | "or" | "not") ~namePart) nameStart namePart*
    nameStart = letter | "_"
    namePart = alnum | "_"
    number (a number) = decimal (("e" | "E") ("+" | "-")? digit+)?
    decimal = whole | fraction
    whole = digit+ ("." ~"." digit*)?
    fraction = "." digit+
    space += comment
    comment = "#" (~"\n" any)*
  }
`);
